"""Signatures: eBay's published vectors, and what a signature covers."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from linkstar_pipelines.connectors.ebay.signing import (
    SigningKeyError,
    challenge_response,
    load_key,
    signature_headers,
    signer,
)
from linkstar_pipelines.connectors.request import Request
from tests.connectors.ebay.support import TEST_JWE, TEST_KEY

KEY = load_key(SecretStr(TEST_KEY))
URL = "http://localhost:8080/verifysignature"


def test_ebays_published_vector_of_an_ed25519_signature() -> None:
    headers = signature_headers(KEY, TEST_JWE, "POST", URL, b'{"hello": "world"}', 1658440308)
    assert headers == {
        "content-digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
        "x-ebay-signature-key": TEST_JWE,
        "signature-input": 'sig1=("content-digest" "x-ebay-signature-key" "@method" "@path" "@authority")'
        ";created=1658440308",
        "signature": "sig1=:ZMUpAejnqrt6POSx02ltx3cT9YODV2r+Cem/BKOagDSfztKOtCsjP/MxZqmY+FVJ3/8E4BL76T9Fjty8oJnsAw==:",
    }


def test_a_request_without_body_has_no_digest_and_its_query_is_not_signed() -> None:
    plain = signature_headers(KEY, TEST_JWE, "GET", URL, None, 1658440308)
    assert plain == signature_headers(KEY, TEST_JWE, "GET", f"{URL}?filter=a", None, 1658440308)
    assert "content-digest" not in plain
    assert plain["signature-input"].startswith('sig1=("x-ebay-signature-key" "@method"')


def test_an_rsa_key_signs_with_pkcs1_and_sha256() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    headers = signature_headers(load_key(SecretStr(pem)), "jwe", "GET", "https://apiz.ebay.com/x", None, 7)
    base = (
        '"x-ebay-signature-key": jwe\n"@method": GET\n"@path": /x\n"@authority": apiz.ebay.com\n'
        '"@signature-params": ("x-ebay-signature-key" "@method" "@path" "@authority");created=7'
    )
    signature = base64.b64decode(headers["signature"].removeprefix("sig1=:").removesuffix(":"))
    key.public_key().verify(signature, base.encode(), padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("text", ["", "no key", base64.b64encode(b"no key").decode()])
def test_what_is_no_private_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(SigningKeyError, match="no PKCS#8 private key"):
        load_key(SecretStr(text))


def test_a_request_is_signed_anew_before_each_exchange() -> None:
    request = Request("ebay", "us", "getTransactions", "GET", "https://apiz.ebay.com/x", headers={"accept": "json"})
    signed = signer(KEY, SecretStr(TEST_JWE))(request)
    assert signed.headers["accept"] == "json"
    assert signed.headers["signature"].startswith("sig1=:")
    assert "signature" not in request.headers


def test_ebays_published_vector_of_the_endpoint_challenge() -> None:
    code = "71745723-d031-455c-bfa5-f90d11b4f20a"
    expected = "048de9ffd0e35021fefc0388d5c52e0f475324f582f3778ca81a53354ccbbc97"
    assert challenge_response(code, code, "http://www.testendpoint.com/webhook") == expected
