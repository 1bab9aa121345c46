"""Walmart's signatures against published and documented vectors."""

import pytest
from pydantic import SecretStr

from linkstar_pipelines.connectors.walmart.signing import body_signatures, legacy_signature, timed_signature

# The example key of the tests of the public repositories fillup/walmart-auth-signature-php and
# Ventmere/walmart-partner-api; it opens nothing.
EXAMPLE_KEY = SecretStr(
    "MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAKzXEfCYdnBNkKAwVbCpg/tR40WixoZtiuEviSEi4+LdnYAAPy57Qw6+9eqJ"
    "GTh9iCB2wP/I8lWh5TZ49Hq/chjTCPeJiOqi6bvX1xzyBlSq2ElSY3iEVKeVoQG/5f9MYQLEj5/vfTWSNASsMwnNeBbbHcV1S1aY9tOsXCzR"
    "uxapAgMBAAECgYBjkM1j1OA9l2Ed9loWl8BQ8X5D6h4E6Gudhx2uugOe9904FGxRIW6iuvy869dchGv7j41ki+SV0dpRw+HKKCjYE6STKpe0"
    "YwIm/tml54aNDQ0vQvF8JWILca1a7v3Go6chf3Ib6JPs6KVsUuNo+Yd+jKR9GAKgnDeXS6NZlTBUAQJBANex815VAySumJ/n8xR+h/dZ2V5q"
    "Gj6wu3Gsdw6eNYKQn3I8AGQw8N4yzDUoFnrQxqDmP3LOyr3/zgOMNTdszIECQQDNIxiZOVl3/Sjyxy9WHMk5qNfSf5iODynv1OlTG+eWao0W"
    "j/NdfLb4pwxRsf4XZFZ1SQNkbNne7+tEO8FTG1YpAkAwNMY2g/ty3E6iFl3ea7UJlBwfnMkGz8rkye3F55f/+UCZcE2KFuIOVv4Kt03m3vg1"
    "h6AQkaUAN8acRl6yZ2+BAkEAke2eiRmYANiR8asqjGqr5x2qcm8ceiplXdwrI1kddQ5VUbCTonSewOIszEz/gWp6arLG/ADHOGWaCo8rptAy"
    "iQJACXd1ddXUAKs6x3l752tSH8dOde8nDBgF86NGvgUnBiAPPTmJHuhWrmOZmNaB68PsltEiiFwWByGFV+ld9VKmKg=="
)


def test_the_signature_of_the_former_platform_is_that_of_the_published_vector() -> None:
    url = (
        "https://developer.walmart.com/proxy/item-api-doc-app/rest/v3/feeds"
        "?includeDetails=false&offset=0&limit=50"
    )  # fmt: skip
    signed = legacy_signature("f3aead96-d681-41c9-9b81-bb4facacd8f0", EXAMPLE_KEY, url, "GET", "1502165720641")
    assert signed == (
        "joVK3ddX6Fso7adAjuT1FIX5D5So8ue1Am4MwY8ncsP7zLBtnwMYiveyfQeqGm2+GQbtfOy5LvCkzUeEchLznJFZzF7vJaTHhENrDsRIzjPs"
        "gJYpRO8FgdfgSLUhO7v0skjHezMxuJr9ROWia900LOZ6QU+u/LvoChbxxZye9GE="
    )


@pytest.mark.parametrize("key", ["", "no base64!", "bm8ga2V5"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        legacy_signature("consumer", SecretStr(key), "https://walmart.test", "GET", "1")


def test_the_signature_of_a_timed_notification_is_that_of_the_documented_rule() -> None:
    signed = timed_signature(SecretStr("secret"), "POST", "/hooks/walmart", "1700000000", b'{"a":1}')
    assert signed == "wr7fJ+uEklhCMc5HYTVtbXjS+XI5DJEUTqWkyno0MBM="


def test_the_signature_of_a_body_is_its_hmac_in_both_spellings() -> None:
    # RFC 4231, test case 2.
    in_hex, in_base64 = body_signatures(SecretStr("Jefe"), b"what do ya want for nothing?")
    assert in_hex == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert in_base64 == "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
