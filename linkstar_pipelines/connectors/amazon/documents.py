"""Downloading a report document: an unauthenticated, pre-signed address and a tab-separated file.

Belongs here: getting the whole text, decompressed and decoded.
Does not belong here: having a report made (`reports.py`), or the meaning of its lines.

A plain text file carries no mark of its end, so a cut one can look whole. It counts as whole when its last line has
as many columns as the others and two downloads in a row are the same.
"""

import gzip
import re
import zlib
from collections.abc import Mapping
from functools import partial
from typing import Final

from linkstar_pipelines.connectors.amazon.operations import LEGACY_CHARSETS, PLATFORM
from linkstar_pipelines.connectors.errors import MalformedAnswerError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import DecodeError, Headers, Request
from linkstar_pipelines.settings import AmazonStore

_GZIP_MAGIC: Final = b"\x1f\x8b"
_CHARSET: Final = re.compile(r"charset=\"?([\w-]+)", re.IGNORECASE)
_MOST_DOWNLOADS: Final = 10


def read_flat_file(body: bytes, headers: Headers, *, legacy: str = "cp1252") -> str:
    """Decompress (by the content's own mark) and decode a flat file, and check that its last line is whole.

    Text that is UTF-8 is UTF-8, whatever the answer calls it: text of another charset is no UTF-8 by accident. Else it
    is in the charset that the answer names, else in the one that older files of the marketplace use.

    Args:
        body: The file as it came.
        headers: Headers of the answer.
        legacy: Charset of older files: Windows-1252 in Europe and America, `cp932` (Shift-JIS) in Japan.

    Raises:
        DecodeError: the file is cut, empty or in no known encoding.
    """
    if body.startswith(_GZIP_MAGIC):
        try:
            body = gzip.decompress(body)
        except (EOFError, OSError, zlib.error) as error:
            raise DecodeError("the compressed file is cut") from error
    text = _decode_text(body, headers, legacy).removeprefix("\ufeff")
    # Only line feeds end a line: a product's name may hold what else Python takes for the end of one.
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
    if not lines:
        raise DecodeError("the file is empty")
    *others, last = (line.count("\t") for line in lines)
    if last < min(others, default=last):
        raise DecodeError("the last line is cut")
    return text


def legacy_charset(store: AmazonStore) -> str:
    """Charset of the older files of a store's marketplaces."""
    return next(filter(None, map(LEGACY_CHARSETS.get, store.marketplace_ids)), "cp1252")


def fetch_document(
    http: HttpCore, store: AmazonStore, url: str, *, operation: str, asked: Mapping[str, str] | None = None
) -> str:
    """Download the file at a pre-signed address until two downloads in a row agree.

    Args:
        http: The HTTP core.
        store: Store the report belongs to.
        url: The address, good for five minutes; it is a secret, and no access token goes there.
        operation: Name of the download in the call log, and of its kept answers.
        asked: What is kept beside the answer (`Request.asked`).

    Raises:
        MalformedAnswerError: they never do.
    """
    request = Request(
        platform=PLATFORM,
        store=store.name,
        operation=operation,
        method="GET",
        url=url,
        asked=asked or {},
        decode=partial(read_flat_file, legacy=legacy_charset(store)),
    )
    previous, trace_id = "", ""
    for _ in range(_MOST_DOWNLOADS):
        answer = http.call(request)
        text, trace_id = str(answer.data), answer.trace_id
        if text == previous:
            return text
        previous = text
    raise MalformedAnswerError(
        f"{_MOST_DOWNLOADS} downloads of the report never gave the same file twice in a row. Run it later.",
        platform=PLATFORM, store=store.name, operation=request.operation, trace_id=trace_id,
    )  # fmt: skip


def _decode_text(body: bytes, headers: Headers, legacy: str) -> str:
    named = _CHARSET.search(headers.get("content-type", ""))
    for charset in ["utf-8", *([_windows(named[1])] if named else []), legacy]:
        try:
            return body.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    raise DecodeError("the file is in no known text encoding")


def _windows(charset: str) -> str:
    """Microsoft's own form of Shift-JIS is what files call Shift-JIS: it holds signs that the standard lacks."""
    return "cp932" if charset.lower() in {"shift_jis", "shift-jis", "sjis"} else charset
