"""The official models as OpenAPI documents that a server can be run from.

Belongs here: reading the documents, and the few changes without which they cannot be served; each says why.
Does not belong here: what is asked or answered.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import yaml

from tests.support import shared_path

Json = dict[str, Any]


@cache
def document(platform: str, name: str) -> Json:
    """An official document as it is; do not change it."""
    text = shared_path("contracts", platform, name).read_text()
    found: Json = json.loads(text) if name.endswith(".json") else yaml.load(text, Loader=yaml.CSafeLoader)
    return found


def closed(model: Any) -> Any:
    """A copy whose objects allow no field that they do not name: a misspelt field would pass unseen otherwise."""
    if isinstance(model, list):
        return [closed(part) for part in model]
    if not isinstance(model, dict):
        return model
    copy = {name: closed(part) for name, part in model.items()}
    if isinstance(fields := model.get("properties"), dict) and "allOf" not in model:
        copy["properties"] = {name: closed(part) for name, part in fields.items()}  # one may be called `properties`
        copy.setdefault("additionalProperties", False)
    return copy


def amazon(name: str) -> Json:
    """A Swagger 2 model of the Selling Partner API."""
    model: Json = closed(document("amazon", f"{name}.json"))
    return model


def ebay(name: str) -> Json:
    """An OpenAPI 3 model of eBay's; where it wants a token, a call without one is refused."""
    model: Json = closed(document("ebay", name))
    for scheme in model.get("components", {}).get("securitySchemes", {}).values():
        scheme["x-tokenInfoFunc"] = f"{__name__}.any_token"
        scheme["x-scopeValidateFunc"] = f"{__name__}.any_scope"
    return model


def any_token(_token: str) -> Json:
    """Take any access token."""
    return {}


def any_scope(_required: list[str], _granted: list[str]) -> bool:
    """Take any scope: the models list those that would do, not those that must be there."""
    return True


def walmart(name: str) -> Json:
    """An OpenAPI 3 model of Walmart's; paths that differ in their query alone are one path of the protocol.

    Of the answers the examples alone are kept: their schemas have slips that no reader of OpenAPI takes.
    """
    original = document("walmart", f"walmart-marketplace-{name}-openapi-original.yml")
    model: Json = closed(original)
    model["info"].setdefault("version", "3")  # a required field that the files lack
    # Nothing refers to the components, and the security speaks of basic authentication where the header parameters,
    # which count, name a token.
    for unused in ("components", "security"):
        model.pop(unused, None)
    paths = model.pop("paths")
    model["paths"] = {}
    for path, entry in paths.items():
        place, _, query = path.partition("?")
        fixed = [_query(part.partition("=")[0], {"type": "string"}) for part in query.split("&") if part]
        for operation in (one for one in entry.values() if isinstance(one, dict)):
            operation["parameters"] = [*operation.get("parameters", []), *fixed]
            operation["responses"] = _examples(operation["responses"]["200"])
        model["paths"].setdefault(place, {}).update(entry)
    return model


def _examples(answer: Json) -> Json:
    content = answer.get("content", {}).get("application/json", {})
    recorded = [one["value"] for one in content.get("examples", {}).values()] or [content.get("example")]
    example = {} if recorded == [None] else {"example": recorded[0]}
    return {"200": {"description": "", "content": {"application/json": example}}}


_TYPES = {"string": "string", "boolean": "boolean", "float": "number", "object": "object"}
_SIGNED = ("partner_id", "timestamp", "access_token", "shop_id", "sign")


def shopee_reference(path: str) -> Json:
    """Shopee's reference of a call, by its path."""
    name = "public.refresh_access_token" if "/auth/" in path else path.removeprefix("/api/v2/").replace("/", ".")
    return document("shopee", f"v2.{name}.json")


def shopee(*paths: str) -> Json:
    """Shopee's references of some calls as one OpenAPI 3 model: it publishes none."""
    return {
        "openapi": "3.0.0",
        "info": {"title": "Shopee Open Platform", "version": "2"},
        "paths": {path: _shopee_operation(shopee_reference(path)) for path in paths},
    }


def _shopee_operation(reference: Json) -> Json:
    fields = list(_named(reference["params"]["request_params"]))
    posted = reference["method"] == 1  # 1 is POST, 2 is GET
    common = _SIGNED if reference["api_type"] == "Shop" else ("partner_id", "timestamp", "sign")
    parameters = [_query(name, {"type": "string"}, required=True) for name in common]
    operation: Json = {
        "operationId": reference["api_name"],
        "responses": {"200": {"description": "Shopee's envelope"}},
        "parameters": parameters,
    }
    if posted:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _object(fields)}}}
    else:
        parameters += [_query(field["name"], _schema(field), required=_required(field)) for field in fields]
    return {"post" if posted else "get": operation}


def _query(name: str, schema: Json, *, required: bool = False) -> Json:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _named(parts: Any) -> Iterator[Json]:
    return (part for part in parts or [] if isinstance(part, dict) and "name" in part)


def _required(field: Json) -> bool:
    return str(field.get("required")) == "True"


def _object(fields: list[Json]) -> Json:
    required = [field["name"] for field in fields if _required(field)]
    properties = {field["name"]: _schema(field) for field in fields}
    return {
        "type": "object", "properties": properties, "additionalProperties": False,
        **({"required": required} if required else {}),
    }  # fmt: skip


def _schema(field: Json) -> Json:
    """The schema of a field: Shopee writes `int64`, `timestamp`, `object[]`; the fields of an object are a list."""
    kind = str(field["type"])
    if kind.endswith("[]"):
        return {"type": "array", "items": _schema({**field, "type": kind.removesuffix("[]")})}
    inner = [list(_named(part)) for part in field.values() if isinstance(part, list)]
    if kind == "object" and any(inner):
        return _object(next(filter(None, inner)))
    return {"type": _TYPES.get(kind, "integer")}


def same_place(path: str) -> str:
    """A path with its placeholders unnamed: `/orders/{orderId}` and `/orders/{}` are the same place."""
    return re.sub(r"\{\w*\}", "{}", path)
