"""Mabang's signature. No official model of the gateway is at hand: the vector is that of the public samples' rule."""

from pydantic import SecretStr

from linkstar_pipelines.connectors.fields import json_body
from linkstar_pipelines.connectors.mabang.signing import signature

BODY = {
    "api": "stock-get-stock-quantity", "appkey": "201501", "data": {"stockSkus": "SKU-A,SKU-B"},
    "timestamp": 1779176045,
}  # fmt: skip
SIGNED = "0839b9d447030ee30e2b938f95ef67f322ff82bf4d1563c4fc2afdb37fcb1192"


def test_the_known_body_has_the_known_signature() -> None:
    assert signature(SecretStr("test-secret"), json_body(BODY)) == SIGNED


def test_every_byte_of_body_and_key_counts() -> None:
    body = json_body(BODY)
    assert signature(SecretStr("test-secret"), body + b" ") != SIGNED
    assert signature(SecretStr("test-secreT"), body) != SIGNED
