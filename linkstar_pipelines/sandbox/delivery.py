"""Delivery of push notifications, as platforms deliver: some twice, out of order, some never, and forgeries between.

Here: `POST /_control/pushes`, which sends what the sides have signed to real addresses over HTTP, again where the
answer is 5xx. Not here: bodies and signatures (each platform's own), or Amazon's queue (see `amazon.queue`).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.platforms import Side
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world import chance
from linkstar_pipelines.sandbox.world.accounts import ACCOUNTS
from linkstar_pipelines.sandbox.world.instants import DAY, parse

ATTEMPTS = 4
PROOFS = ("authorization", "x-ebay-signature", "x-shopify-hmac-sha256")
"""Headers that prove a notification, in lower case."""
_OTHER_DIGITS = bytes.maketrans(b"12345678", b"23456781")


@dataclass(frozen=True, slots=True)
class _Letter:
    push: SignedPush
    forged: bool = False


class Delivery:
    """Sends notifications; which are lost or doubled depends on the seed alone."""

    def __init__(self, bench: Bench, sides: Mapping[str, Side]) -> None:
        self._bench = bench
        self._sides = sides

    def route(self) -> Route:
        """Return the control route."""

        async def endpoint(request: Request) -> Response:
            try:
                asked = json.loads(await request.body() or b"{}")
                # In a thread: the receiver may ask the sandbox for a key before it answers.
                return JSONResponse(await run_in_threadpool(self._deliver, asked))
            except (ValueError, KeyError, TypeError, httpx.TransportError) as problem:
                return JSONResponse({"error": str(problem)}, status_code=400)

        return Route("/_control/pushes", endpoint, methods=["POST"])

    def _deliver(self, asked: Json) -> Json:
        """Send the notifications of a span.

        Args:
            asked: `to`, the address by account code; `since` and `until`, instants; the shares `duplicates` and `lost`;
                `shuffle`; and `forged`, how many forgeries each account gets.

        Returns:
            By account: notifications that there were, were sent, lost, sent twice or forged, and what was answered.
        """
        now = self._bench.clock.now()
        since = parse(asked["since"]) if "since" in asked else now - DAY
        until = parse(asked["until"]) if "until" in asked else now
        if unknown := set(asked["to"]) - ACCOUNTS.keys():
            raise ValueError(f"no such account: {', '.join(sorted(unknown))}")
        self._bench.push_urls.update(asked["to"])
        return {code: self._send(code, url, since, until, asked) for code, url in asked["to"].items()}

    def _send(self, code: str, url: str, since: int, until: int, asked: Json) -> Json:
        account = ACCOUNTS[code]
        rng = chance.generator(self._bench.seed, "delivery", code)
        pushes = list(self._sides[account.platform].pushes(account, since, until))
        arriving = [push for push in pushes if rng.random() >= float(asked.get("lost", 0))]
        twice = [push for push in arriving if rng.random() < float(asked.get("duplicates", 0))]
        forged = list(_forgeries(pushes, int(asked.get("forged", 0)), rng))
        letters = [*map(_Letter, arriving), *map(_Letter, twice), *(_Letter(push, forged=True) for push in forged)]
        if asked.get("shuffle"):
            rng.shuffle(letters)
        answers: Counter[str] = Counter()
        with httpx.Client(timeout=10) as client:
            for letter in letters:
                status = _post(client, url, letter.push)
                answers[f"{'forged' if letter.forged else 'genuine'} {status}"] += 1
        return {
            "events": len(pushes), "arriving": len(arriving), "lost": len(pushes) - len(arriving),
            "twice": len(twice), "forged": len(forged), "answers": dict(answers),
        }  # fmt: skip


def _post(client: httpx.Client, url: str, push: SignedPush) -> int:
    """Send a notification, again while the answer is 5xx; returns the last status."""
    status = 0
    for _ in range(ATTEMPTS):
        status = client.post(url, headers=push.headers, content=push.body).status_code
        if status < 500:
            break
    return status


def _forgeries(pushes: list[SignedPush], count: int, rng: Random) -> Iterator[SignedPush]:
    """Forge notifications of other orders: by turns with another one's proof, a proof cut short, and none.

    A password proves any body, so that one is always cut short or left out.
    """
    for number in range(count if pushes else 0):
        push = rng.choice(pushes)
        headers = dict(push.headers)
        name = next(name for name in headers if name.lower() in PROOFS)
        if number % 3 == 2:
            del headers[name]
        elif number % 3 == 1 or headers[name].startswith("Basic "):
            headers[name] = headers[name][:-4]
        yield SignedPush(headers, push.body.translate(_OTHER_DIGITS))
