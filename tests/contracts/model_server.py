"""A server run from official models: it refuses what does not fit them, and answers what a test wrote down.

Belongs here: serving models over HTTP, and noting what was accepted and what was refused.
Does not belong here: the models (`models.py`), or any platform.

Requests are judged by connexion, not by us: addresses, methods, headers, queries and bodies, and nothing beyond what a
model names. Where a test gives no answer, the example in the model is the answer.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from connexion import AsyncApp
from connexion.options import SwaggerUIOptions
from connexion.resolver import Resolution, Resolver
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from tests.contracts.models import Json, same_place

Answers = Mapping[str, Sequence[Any]]
"""By operation id, the answers one after another; the last one stays. `(body, status, headers)` where not plain 200."""


@dataclass
class Judgement:
    """What came of the requests: operations as method and path of the model, and refusals in words."""

    accepted: set[tuple[str, str]] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)


class _Answering(Resolver):  # type: ignore[misc]  # connexion is not typed
    def __init__(self, base: str, answers: Answers, judgement: Judgement) -> None:
        super().__init__()
        self._base, self._answers, self._judgement = base, answers, judgement

    def resolve(self, operation: Any) -> Resolution:
        served = 0

        async def answer(**_: Any) -> Any:
            nonlocal served
            self._judgement.accepted.add((operation.method.upper(), same_place(self._base + operation.path)))
            answers = self._answers.get(operation.operation_id)
            if answers is None:
                return operation.example_response()
            served += 1
            return answers[min(served, len(answers)) - 1]

        return Resolution(answer, operation.operation_id)


@dataclass
class ModelServer:
    """Models by the beginning of their addresses, and what to answer.

    Attributes:
        models: OpenAPI documents. Of several beginnings that fit an address, the first one counts.
        answers: Answers by operation id.
        unmodelled: Answers by path of calls that no model describes.
        answers_too: Whether answers are judged like requests; one that does not fit becomes an error 500.
        lenient: Beginnings whose models name no query parameters at all.
    """

    models: Mapping[str, Json]
    answers: Answers = field(default_factory=dict)
    unmodelled: Mapping[str, Any] = field(default_factory=dict)
    answers_too: bool = False
    lenient: frozenset[str] = frozenset()
    judgement: Judgement = field(default_factory=Judgement)
    url: str = ""

    def __post_init__(self) -> None:
        self._apps = {start: self._app(start, model) for start, model in self.models.items()}

    def _app(self, start: str, model: Json) -> AsyncApp:
        paths = sorted(model["paths"].items(), key=lambda path: path[0].count("{"))  # plain ones win, says OpenAPI
        base = "" if any(path.startswith(start) for path, _ in paths) else start
        app = AsyncApp(__name__, pythonic_params=False, swagger_ui_options=SwaggerUIOptions(swagger_ui=False))
        app.add_api(
            {**model, "paths": dict(paths)}, base_path=base, resolver=_Answering(base, self.answers, self.judgement),
            strict_validation=start not in self.lenient, validate_responses=self.answers_too,
        )  # fmt: skip
        return app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and note it where it is refused."""
        request = f"{scope['method']} {scope['path']}?{scope['query_string'].decode()}"
        status = 200

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            if status >= 400 and message["type"] == "http.response.body":
                self.judgement.refused.append(f"{request}: {status} {message.get('body', b'').decode()}")
            await send(message)

        if scope["path"] in self.unmodelled:
            await JSONResponse(self.unmodelled[scope["path"]])(scope, receive, noting)
            return
        app = next((app for start, app in self._apps.items() if scope["path"].startswith(start)), None)
        await (app or JSONResponse({"detail": "no model"}, 404))(scope, receive, noting)


@contextmanager
def serving(server: ModelServer) -> Iterator[ModelServer]:
    """Run a server of models; its `url` is set meanwhile."""
    runner = uvicorn.Server(uvicorn.Config(server, port=0, lifespan="off", log_level="error"))
    thread = threading.Thread(target=runner.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not runner.started:
        assert time.monotonic() < deadline, "the server of the models did not start"
        time.sleep(0.01)
    server.url = f"http://127.0.0.1:{runner.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        runner.should_exit = True
        thread.join(timeout=10)
