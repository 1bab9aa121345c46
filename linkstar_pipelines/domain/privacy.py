"""Personal data in payloads: what is taken out before anything is stored.

Belongs here: one masking function per payload that can name a person.
Does not belong here: masking of samples in checks (`quality/`) and of call logs (`connectors/`).
"""

from typing import Any, Final

ADDRESS_KEPT: Final = ("countryCode", "stateOrRegion", "city", "postalCode", "addressType")
"""Parts of a delivery address that stay: enough for customs, tax and carrier zones, not enough to find a person."""

_LINE_DETAILS: Final = (("fulfillment", "packing", "giftOption"), ("product", "customization"))


def mask_order(payload: dict[str, Any]) -> dict[str, Any]:
    """Return an Amazon order (orders 2026-01-01) without the data of persons; the argument stays as it is.

    Taken out: the buyer, everything of the recipient but `ADDRESS_KEPT`, the buyer's tax registrations, payment
    details, and what a buyer wrote for a line (gift message, customization). Masking twice changes nothing.

    Args:
        payload: The order, however malformed.
    """
    masked = dict(payload)
    for part in ("buyer", "recipient", "payment"):
        masked.pop(part, None)
    address = _inside(payload, "recipient", "deliveryAddress")
    if isinstance(address, dict):
        kept = {part: address[part] for part in ADDRESS_KEPT if part in address}
        masked["recipient"] = {"deliveryAddress": kept}
    registrations = _inside(payload, "tax", "taxRegistrations")
    if isinstance(registrations, list):
        masked["tax"] = payload["tax"] | {"taxRegistrations": [r for r in registrations if not _of_buyer(r)]}
    if isinstance(payload.get("orderItems"), list):
        masked["orderItems"] = [_mask_line(line) for line in payload["orderItems"]]
    return masked


def _mask_line(line: object) -> object:
    for path in _LINE_DETAILS:
        if _inside(line, *path) is not None:  # hardly any line: not each one is copied
            line = _without(line, path)
    return line


def _without(value: object, path: tuple[str, ...]) -> object:
    """Return a copy without the part that a path leads to."""
    head, *rest = path
    if not isinstance(value, dict) or head not in value:
        return value
    if not rest:
        return {part: inner for part, inner in value.items() if part != head}
    return value | {head: _without(value[head], tuple(rest))}


def _inside(value: object, *path: str) -> object:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _of_buyer(registration: object) -> bool:
    return _inside(registration, "entityType") not in {"MARKETPLACE", "MERCHANT"}
