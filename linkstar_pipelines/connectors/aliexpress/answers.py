"""Answers of the gateway: unpacking the envelope, and finding the failure in a success.

Belongs here: the three forms of failure (the gateway's, its older one, and a business failure within a result), and
wrapped lists. Does not belong here: what a refusal means for the store's credentials (`calls.py`).

The gateway answers 200 to nearly everything.
"""

from collections.abc import Mapping
from typing import Any, Literal

from linkstar_pipelines.connectors.aliexpress.operations import PLATFORM_FAULTS, THROTTLED, Listing
from linkstar_pipelines.connectors.request import DecodeError, Decoder, FailureInBody, Headers, read_json

Payload = dict[str, Any]


def body_of(method: str) -> Decoder:
    """Return a decoder that gives what a business method answered, without its envelope.

    The decoder raises `FailureInBody` for every failure, and `DecodeError` where the envelope is another one's.
    """
    envelope = method.replace(".", "_") + "_response"

    def decode(content: bytes, _: Headers) -> Payload:
        document = _object(read_json(content))
        _raise_failure(document)
        body = document.get(envelope)
        if not isinstance(body, dict):
            raise DecodeError(f"the answer lacks '{envelope}'")
        _raise_business_failure(body.get("result"))
        return body

    return decode


def tokens(content: bytes, _: Headers) -> Payload:
    """Decode the answer of a token call."""
    document = _object(read_json(content))
    _raise_failure(document)
    for name in ("access_token", "expires_in"):
        if not document.get(name):
            raise DecodeError(f"the answer lacks '{name}'")
    return document


def explain(document: object) -> tuple[str, str]:
    """Return code and message of a failure; empty texts when the document holds none."""
    if not isinstance(document, dict):
        return "", ""
    old = document.get("error_response")
    if isinstance(old, dict):
        code, sub_code = str(old.get("code", "")), str(old.get("sub_code") or "")
        return code, f"{sub_code} {old.get('sub_msg') or old.get('msg') or ''}".strip()
    return str(document.get("code", "")), str(document.get("message") or "")


def entries(listing: Listing, body: Payload) -> tuple[list[Any], int | None]:
    """Return the entries of one page, and how many there are on all pages where the answer tells.

    Raises:
        DecodeError: there is something else in the list's place.
    """
    place: Any = body
    for name in listing.holder:
        place = _object(place.get(name))
    total = place.get(listing.total)
    return wrapped(place, *listing.items), int(total) if isinstance(total, int | str) and str(total).isdigit() else None


def wrapped(place: Mapping[str, Any], name: str, entry: str) -> list[Any]:
    """Return the list `place[name][entry]`; an absent one is empty.

    Raises:
        DecodeError: there is something else in its place.
    """
    holder = place.get(name)
    found = holder.get(entry) if isinstance(holder, dict) else holder
    if found is None:
        return []
    if not isinstance(found, list):
        raise DecodeError(f"'{name}' holds no list")
    return found


def _object(value: object) -> Payload:
    if not isinstance(value, dict):
        raise DecodeError("a part of the answer is no object")
    return value


def _raise_failure(document: Payload) -> None:
    code, message = explain(document)
    if code in {"", "0"} and "error_response" not in document:
        return
    raise FailureInBody(_kind(document, code, message), code, message)


def _kind(document: Payload, code: str, message: str) -> Literal["rejected", "throttled", "platform_error"]:
    if code in THROTTLED:
        return "throttled"
    own_fault = document.get("type") in PLATFORM_FAULTS or message.startswith("isp.")
    return "platform_error" if own_fault else "rejected"


def _raise_business_failure(result: object) -> None:
    if not isinstance(result, dict):
        return
    if any(str(result.get(flag)).lower() == "false" for flag in ("success", "result_success")):
        code = str(result.get("error_code") or "not successful")
        raise FailureInBody("rejected", code, str(result.get("error_message") or result.get("error_desc") or ""))
