"""Downloading a settlement report: an unauthenticated, pre-signed address and a tab-separated file.

Belongs here: getting the whole text, decompressed and decoded.
Does not belong here: parsing its lines (`domain/`).

A plain text file carries no mark of its end, so a cut one can look whole. It counts as whole when its last line has
as many columns as the others and two downloads in a row are the same.
"""

import gzip
import re
import zlib
from typing import Final

from linkstar_pipelines.connectors.amazon.operations import PLATFORM
from linkstar_pipelines.connectors.errors import MalformedAnswerError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.request import DecodeError, Headers, Request

_GZIP_MAGIC: Final = b"\x1f\x8b"
_CHARSET: Final = re.compile(r"charset=\"?([\w-]+)", re.IGNORECASE)
_MOST_DOWNLOADS: Final = 10


def read_flat_file(body: bytes, headers: Headers) -> str:
    """Decompress (by the content's own mark) and decode a flat file, and check that its last line is whole.

    Text is in the charset that the answer names, else UTF-8, else Windows-1252 (which European files still use).

    Raises:
        DecodeError: the file is cut, empty or in no known encoding.
    """
    if body.startswith(_GZIP_MAGIC):
        try:
            body = gzip.decompress(body)
        except (EOFError, OSError, zlib.error) as error:
            raise DecodeError("the compressed file is cut") from error
    text = _decode_text(body, headers).removeprefix("\ufeff")
    lines = [line for line in text.splitlines() if line]
    if not lines:
        raise DecodeError("the file is empty")
    *others, last = (line.count("\t") for line in lines)
    if last < min(others, default=last):
        raise DecodeError("the last line is cut")
    return text


def fetch_document(http: HttpCore, store: str, url: str) -> str:
    """Download the file at a pre-signed address until two downloads in a row agree.

    Raises:
        MalformedAnswerError: they never do.
    """
    request = Request(
        platform=PLATFORM,
        store=store,
        operation="downloadReportDocument",
        method="GET",
        url=url,
        decode=read_flat_file,
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
        platform=PLATFORM, store=store, operation=request.operation, trace_id=trace_id,
    )  # fmt: skip


def _decode_text(body: bytes, headers: Headers) -> str:
    named = _CHARSET.search(headers.get("content-type", ""))
    for charset in ([named[1]] if named else []) + ["utf-8", "cp1252"]:
        try:
            return body.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    raise DecodeError("the file is in no known text encoding")
