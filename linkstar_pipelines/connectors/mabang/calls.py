"""One call to Mabang's gateway: body, timestamp, signature, envelope; and lists, page by page.

Belongs here: how any interface is asked, both ways of paging, and whom a refusal accuses.
Does not belong here: which interface is asked when (`client.py`).
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any, Final

from linkstar_pipelines.connectors.errors import (
    ConnectorError,
    CredentialError,
    MalformedAnswerError,
    RequestRejectedError,
)
from linkstar_pipelines.connectors.fields import json_body
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.mabang import operations as op
from linkstar_pipelines.connectors.mabang.operations import Interface
from linkstar_pipelines.connectors.mabang.signing import signature
from linkstar_pipelines.connectors.mabang.store import MabangAccount
from linkstar_pipelines.connectors.platform import Page
from linkstar_pipelines.connectors.request import Answer, Request
from linkstar_pipelines.storage.rate_budget import Plan

_MOST_REPEATS: Final = 25  # a faulty gateway may serve a page again; an endless circle it must not become


class MabangCalls:
    """Calls to one account."""

    def __init__(self, account: MabangAccount, http: HttpCore) -> None:
        self.account = account
        self.http = http

    def ask(self, interface: Interface, query: Mapping[str, str]) -> Answer:
        """Make a call; the answer's data is that of the envelope. Nothing that is asked here changes anything.

        Args:
            interface: What is asked.
            query: Its parameters; every one is a text.

        Raises:
            CredentialError: Mabang does not accept app key or signature.
            ConnectorError: as `HttpCore.call`.
        """
        try:
            return self.http.call(self._request(interface, query))
        except RequestRejectedError as error:
            raise self._accused(error) from None

    def by_cursor(self, interface: Interface, query: Mapping[str, str], size: int) -> Iterator[Page]:
        """List with `cursor` and `maxRows`: an answer names the next cursor while `hasNext`."""
        cursor, seen = "", Counter[str]()
        while True:
            place = {"maxRows": str(size), **({"cursor": cursor} if cursor else {})}
            data = self.ask(interface, {**interface.query, **query, **place}).data
            yield Page(_records(data), total=_whole(data, "total"))
            cursor = _text(data, "nextCursor")
            if not cursor or _text(data, "hasNext").lower() not in {"true", "1"}:
                return
            self._count(interface, seen, cursor)

    def by_number(self, interface: Interface, query: Mapping[str, str]) -> Iterator[Page]:
        """List with `page`, from 1 on, to the stated last page.

        Where none is stated, to an empty page, or to one that repeats the page before: some interfaces have one page.
        """
        before: list[Any] = []
        for number in count(1):
            data = self.ask(interface, {**interface.query, **query, "page": str(number)}).data
            records, last = _records(data), _whole(data, "pageCount")
            yield Page(records, total=_whole(data, "total"))
            if number >= last if last is not None else records in ([], before):
                return
            before = records

    def _count(self, interface: Interface, seen: Counter[str], cursor: str) -> None:
        seen[cursor] += 1
        if seen[cursor] > _MOST_REPEATS:
            raise MalformedAnswerError(
                "Mabang names the same next page again and again: the list has no end. Run it later.",
                platform=op.NAME, store=self.account.name, operation=interface.name,
            )  # fmt: skip

    def _request(self, interface: Interface, query: Mapping[str, str]) -> Request:
        account = self.account

        def sign(request: Request) -> Request:
            document: dict[str, Any] = {
                "api": interface.name, "appkey": account.app_key, "data": dict(query), "timestamp": int(time.time()),
            }  # fmt: skip
            if account.version:
                document["version"] = account.version
            body = json_body(document)
            signed = {**request.headers, "authorization": signature(account.developer_key, body)}
            return replace(request, body=body, headers=signed)

        return Request(
            platform=op.NAME,
            store=account.name,
            operation=interface.name,
            method="POST",
            url=account.endpoint,
            headers={"content-type": "application/json", "x-requested-with": "XMLHttpRequest"},
            plan=Plan(account.calls_per_minute / 60, op.CALLS_AT_ONCE),
            secrets=(account.developer_key,),
            decode=op.decode,
            sign=sign,
            explain=op.explain,
        )

    def _accused(self, error: RequestRejectedError) -> ConnectorError:
        where = {"platform": error.platform, "store": error.store, "operation": error.operation}
        subject, variable = op.subject_of(error.code), self.account.variable
        if subject == op.TIMESTAMP:
            return RequestRejectedError(
                "Mabang refuses the time of the call: it allows ten minutes. Set this machine's clock (NTP) and try "
                "again.", status=error.status, code=error.code, trace_id=error.trace_id, **where,
            )  # fmt: skip
        if subject in {op.SIGNATURE, op.APP_KEY}:
            return CredentialError(
                f"Mabang refuses the account's calls ({error.code}). Check {variable('app_key')} and "
                f"{variable('developer_key')}, and that the application may call this interface.",
                trace_id=error.trace_id, **where,
            )  # fmt: skip
        return error


def _records(data: Any) -> list[Any]:
    """Return the list of an answer: `data` itself, or what stands in it under `data`."""
    found = data.get("data") if isinstance(data, dict) else data
    if isinstance(found, dict):  # some lists come as objects by id
        return list(found.values())
    return found if isinstance(found, list) else []


def _text(data: Any, field: str) -> str:
    value = data.get(field) if isinstance(data, dict) else None
    return "" if value is None else str(value)


def _whole(data: Any, field: str) -> int | None:
    text = _text(data, field)
    return int(text) if text.isdecimal() else None
