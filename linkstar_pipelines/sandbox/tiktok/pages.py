"""Page tokens, bound to the parameters they were given for.

Here: reading and writing them. Not here: what is paged (see `orders`, `products`).
"""

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.paging import TokenRefusedError, fingerprint
from linkstar_pipelines.sandbox.tiktok.wire import Call, invalid
from linkstar_pipelines.sandbox.wire import Json

_CHANGING = ("page_token", "timestamp", "sign")


def cursor_of(bench: Bench, call: Call, bound: str) -> Json:
    """Return the cursor of a call's page token; empty for the first page.

    Args:
        bench: Reads tokens.
        call: The call.
        bound: A digest of the body.

    Raises:
        ApiError: the token was not issued here, is too old, or was given for other parameters.
    """
    token = call.query.get("page_token", "")
    if not token:
        return {}
    try:
        cursor = bench.tokens.read(token, bench.options.page_token_ttl)
    except TokenRefusedError as problem:
        raise invalid("page_token is invalid") from problem
    if cursor.pop("bound", "") != _fingerprint(call, bound):
        raise invalid("page_token was given for other parameters")
    return cursor


def next_token(bench: Bench, call: Call, bound: str, cursor: Json | None) -> str:
    """Return the token of the next page; empty behind the last one."""
    return "" if cursor is None else bench.tokens.write(cursor | {"bound": _fingerprint(call, bound)})


def _fingerprint(call: Call, bound: str) -> str:
    return fingerprint({**call.query, "path body": bound}, *_CHANGING)
