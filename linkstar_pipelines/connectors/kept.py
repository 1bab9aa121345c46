"""Kept answers of one pull, read again: which answers there are, and which belong together.

Belongs here: the types by which every `connectors/<platform>/records.py` tells how records come out of answers.
Does not belong here: keeping answers (`http.py`, `storage/answer_bodies.py`), or making rows of records (`replay.py`).

A client that puts a record together from several answers uses the functions of its `records.py` to do so; here the same
functions get their parts from kept answers in place of calls. What the client asked per record is found again by what
was asked (`Request.asked`): the answer that followed the page, or else, for parts that the client remembers, the last
one before it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from linkstar_pipelines.connectors.request import DecodeError, Decoder, FailureInBody
from linkstar_pipelines.storage.answer_bodies import KeptAnswer

if TYPE_CHECKING:  # platforms are described with the types of this module
    from linkstar_pipelines.connectors.platform import Window

_NO_HEADERS: Final[Mapping[str, str]] = {}


@dataclass(frozen=True)
class Said:
    """An answer that was read: its place in the pull, what was asked, and what its decoder made of the body."""

    number: int
    operation: str
    asked: Mapping[str, str]
    data: Any = field(repr=False)


class KeptAnswers:
    """The answers of one pull. Bodies are loaded one at a time, when they are asked for.

    Args:
        answers: The answers in the order they came.
        content: Loads the body of one.
        decoders: How the bodies of each operation are read.
        window: The change times that the pull asked for; None where the stream is read as it is.
    """

    def __init__(
        self,
        answers: Sequence[KeptAnswer],
        content: Callable[[KeptAnswer], bytes],
        decoders: Mapping[str, Decoder],
        window: "Window | None" = None,
    ) -> None:
        self.window = window
        self._answers = answers
        self._content = content
        self._decoders = decoders

    def of(self, *operations: str) -> Iterator[Said]:
        """The readable answers of some operations, in the order they came.

        One that cannot be read, or that tells a failure, was repeated when it came: its repetition is among them.
        """
        for answer in self._answers:
            if answer.operation in operations:
                said = self._said(answer)
                if said is not None:
                    yield said

    def beside(self, page: Said, operation: str, **asked: str) -> Any | None:
        """What was answered to a question about a record of a page; None where the platform told nothing."""
        known = self._by_question.get(_question(operation, asked), [])
        after = (answer for answer in known if answer.number > page.number)
        before = (answer for answer in reversed(known) if answer.number < page.number)
        for answer in (*after, *before):
            said = self._said(answer)
            if said is not None:
                return said.data
        return None

    def following(self, page: Said, operation: str, **asked: str) -> list[Any]:
        """All answers to a question about a page that came before the next page: an answer may have several pages."""
        end = next((n for n in self._numbers(page.operation) if n > page.number), None)
        known = self._by_question.get(_question(operation, asked), [])
        near = (a for a in known if a.number > page.number and (end is None or a.number < end))
        return [said.data for said in map(self._said, near) if said is not None]

    def _said(self, answer: KeptAnswer) -> Said | None:
        try:
            data = self._decoders[answer.operation](self._content(answer), _NO_HEADERS)
        except (DecodeError, FailureInBody):
            return None
        return Said(answer.number, answer.operation, answer.asked, data)

    def _numbers(self, operation: str) -> Iterator[int]:
        return (answer.number for answer in self._answers if answer.operation == operation)

    @cached_property
    def _by_question(self) -> dict[tuple[str, frozenset[tuple[str, str]]], list[KeptAnswer]]:
        found: dict[tuple[str, frozenset[tuple[str, str]]], list[KeptAnswer]] = {}
        for answer in self._answers:
            found.setdefault(_question(answer.operation, answer.asked), []).append(answer)
        return found


def _question(operation: str, asked: Mapping[str, str]) -> tuple[str, frozenset[tuple[str, str]]]:
    return operation, frozenset(asked.items())


@dataclass(frozen=True)
class StreamRecords:
    """How the records of a stream come out of the answers of one pull.

    Attributes:
        decoders: Operations whose answers are kept, with how their bodies are read.
        read: Makes the records of the answers, as `Client.read` and `Client.get_order` made them. Pure.
    """

    decoders: Mapping[str, Decoder]
    read: Callable[[Any, KeptAnswers], Iterable[Any]]


def records_at(places: Mapping[str, tuple[Decoder, str]]) -> StreamRecords:
    """Describe the simple case: every record is in one answer.

    Args:
        places: By operation, how its bodies are read, and the dotted path to the records in what was read, such as
            `payload.transactions`: a list of records, or one. Empty for an answer that is the record itself.
    """

    def read(_: Any, kept: KeptAnswers) -> Iterator[Any]:
        for said in kept.of(*places):
            yield from found_at(said.data, places[said.operation][1])

    return StreamRecords({operation: decoder for operation, (decoder, _) in places.items()}, read)


def found_at(data: Any, path: str) -> Collection[Any]:
    """The records at a dotted path: a list of them, or one; none where it is absent."""
    place = data
    for part in filter(None, path.split(".")):
        place = place.get(part) if isinstance(place, dict) else None
    if isinstance(place, list):
        return place
    return [place] if isinstance(place, dict) else []
