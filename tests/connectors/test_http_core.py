"""The HTTP core: what is repeated, how long it waits, which error each failure becomes, what is written down."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from linkstar_pipelines.connectors.errors import (
    BudgetExhaustedError,
    ConnectorError,
    MalformedAnswerError,
    PlatformError,
    RequestRejectedError,
    ThrottledError,
    UnreachableError,
)
from linkstar_pipelines.connectors.request import Request, json_with
from linkstar_pipelines.storage.postgres import Postgres
from linkstar_pipelines.storage.rate_budget import Plan
from tests.connectors.conftest import MakeCore
from tests.connectors.support import Script, error, reply


def ask(**changes: Any) -> Request:
    fields: dict[str, Any] = {
        "platform": "amazon",
        "store": "na",
        "operation": "getThing",
        "method": "GET",
        "url": "https://amazon.test/thing",
        **changes,
    }
    return Request(**fields)


CUT = httpx.Response(200, content=b'{"orders": [{"orderId": "1')


def connection_lost() -> httpx.RemoteProtocolError:
    return httpx.RemoteProtocolError("peer closed connection without sending complete message body")


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("late"),
        httpx.ReadTimeout("silent"),
        connection_lost(),
        CUT,
        error(429, "QuotaExceeded"),
        error(500, "InternalFailure"),
        error(503, "ServiceUnavailable"),
    ],
    ids=lambda fault: type(fault).__name__ if isinstance(fault, Exception) else str(fault.status_code),
)
def test_an_idempotent_request_is_repeated_after_every_transient_fault(
    fault: Any, script: Script, make_core: MakeCore
) -> None:
    script.steps = [fault, fault, reply({"price": 12.10})]
    answer = make_core().call(ask())
    assert answer.data == {"price": Decimal("12.1")}
    assert answer.attempts == 3
    assert len(script.pauses) == 2


@pytest.mark.parametrize("fault", [httpx.ReadTimeout("silent"), connection_lost(), CUT, error(500, "InternalFailure")])
def test_a_request_that_is_not_idempotent_is_not_repeated_when_it_may_have_been_processed(
    fault: Any, script: Script, make_core: MakeCore
) -> None:
    script.steps = [fault]
    with pytest.raises(ConnectorError) as caught:
        make_core().call(ask(method="POST", idempotent=False))
    assert caught.value.transient
    assert len(script.requests) == 1


@pytest.mark.parametrize("fault", [httpx.ConnectError("refused"), error(429, "QuotaExceeded")])
def test_a_request_that_is_not_idempotent_is_repeated_when_it_was_provably_not_processed(
    fault: Any, script: Script, make_core: MakeCore
) -> None:
    script.steps = [fault, reply({})]
    assert make_core().call(ask(method="POST", idempotent=False)).attempts == 2


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (httpx.ConnectError("refused"), UnreachableError, "amazon.test cannot be reached after 4 attempts"),
        (httpx.ReadTimeout("silent"), UnreachableError, "after 5 s"),
        (error(429, "QuotaExceeded"), ThrottledError, "quota"),
        (error(503, "ServiceUnavailable"), PlatformError, "503"),
        (CUT, MalformedAnswerError, "not whole JSON"),
    ],
)
def test_a_fault_that_stays_becomes_a_transient_error_that_names_store_operation_trace_and_remedy(
    fault: Any, kind: type[ConnectorError], words: str, script: Script, make_core: MakeCore
) -> None:
    script.steps = [fault] * 4
    with pytest.raises(kind) as caught:
        make_core().call(ask())
    raised = caught.value
    assert raised.transient
    assert (raised.platform, raised.store, raised.operation) == ("amazon", "na", "getThing")
    for part in (
        words,
        "store 'na'",
        "getThing",
        raised.trace_id,
        "un it later" if kind != UnreachableError else "Check",
    ):
        assert part in str(raised)


def test_a_refused_request_is_not_repeated_and_carries_the_platforms_code(script: Script, make_core: MakeCore) -> None:
    script.steps = [error(400, "InvalidInput", "bad window")]
    with pytest.raises(RequestRejectedError, match="400 InvalidInput: bad window") as caught:
        make_core().call(ask(explain=lambda body: (body["errors"][0]["code"], body["errors"][0]["message"])))
    assert (caught.value.status, caught.value.code, caught.value.transient) == (400, "InvalidInput", False)
    assert len(script.requests) == 1


def test_an_answer_without_its_required_parts_is_malformed(script: Script, make_core: MakeCore) -> None:
    script.steps = [reply({"payload": {}})] * 4
    with pytest.raises(MalformedAnswerError, match=r"lacks 'payload.orders'"):
        make_core().call(ask(decode=json_with("payload.orders")))


def test_pauses_grow_towards_five_seconds_and_never_exceed_it(script: Script, make_core: MakeCore) -> None:
    script.steps = [error(500, "InternalFailure")] * 12
    with pytest.raises(PlatformError):
        make_core(max_attempts=12).call(ask())
    ceilings = [0.05 * 100 ** (n / 10) for n in range(11)]
    assert len(script.pauses) == 11
    assert all(0 <= pause <= ceiling + 1e-9 for pause, ceiling in zip(script.pauses, ceilings, strict=True))


def test_retry_after_is_honoured(script: Script, make_core: MakeCore) -> None:
    script.steps = [reply({}, 503, retry_after="7"), reply({})]
    make_core().call(ask())
    assert script.pauses == [7]


def test_a_retry_after_beyond_the_allowed_wait_ends_the_call(script: Script, make_core: MakeCore) -> None:
    script.steps = [reply({}, 429, retry_after="3600")]
    with pytest.raises(ThrottledError):
        make_core().call(ask())
    assert script.pauses == []


def test_a_call_that_the_budget_frees_too_late_is_refused_with_operation_wait_and_remedy(
    script: Script, make_core: MakeCore
) -> None:
    core = make_core(max_wait=60.0)
    script.steps = [reply({})]
    slow = Plan(rate=0.001, burst=1)
    core.call(ask(plan=slow))
    with pytest.raises(
        BudgetExhaustedError, match=r"getThing.*frees the next call only in 10\d\d s.*MAX_WAIT"
    ) as caught:
        core.call(ask(plan=slow))
    assert caught.value.transient
    assert len(script.requests) == 1


def test_every_exchange_is_logged_with_one_trace_id_per_call_and_no_body(
    script: Script, make_core: MakeCore, postgres: Postgres
) -> None:
    core = make_core()
    script.steps = [
        error(500, "InternalFailure"),
        reply({"name": "Jane Roe"}, x_rate="0.5", x_request="R-1"),
        httpx.ConnectError("refused"),
        reply({}),
    ]
    first = core.call(ask(quota_header="x-rate", request_id_header="x-request"))
    second = core.call(ask())
    core.call_log.flush()
    rows = postgres.fetch(
        "SELECT trace_id, attempt, status, outcome, request_id, quota_headers, response_sha256, response_bytes "
        "FROM ops.api_call ORDER BY id"
    )
    assert [row[:4] for row in rows] == [
        (first.trace_id, 1, 500, "platform_error"),
        (first.trace_id, 2, 200, "ok"),
        (second.trace_id, 1, None, "unreachable"),
        (second.trace_id, 2, 200, "ok"),
    ]
    assert rows[1][4:7] == ("R-1", {"x-rate": "0.5"}, first.sha256)
    assert rows[1][7] == len(b'{"name": "Jane Roe"}')
    everything = postgres.fetch("SELECT string_agg(c::text, ' ') FROM ops.api_call AS c")
    assert "Jane Roe" not in everything[0][0]


def test_an_error_leaves_nothing_of_the_log_unwritten(script: Script, make_core: MakeCore, postgres: Postgres) -> None:
    script.steps = [error(400, "InvalidInput")]
    with pytest.raises(RequestRejectedError):
        make_core().call(ask())
    assert postgres.fetch("SELECT outcome FROM ops.api_call") == [("rejected",)]


def test_faults_are_counted_per_store(script: Script, make_core: MakeCore) -> None:
    core = make_core()
    script.steps = [error(500, "InternalFailure"), CUT, reply({}), error(429, "QuotaExceeded"), reply({})]
    core.call(ask())
    core.call(ask())
    assert (core.faults("amazon", "na"), core.faults("amazon", "eu")) == (2, 0)
