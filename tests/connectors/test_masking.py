"""What may be written down: addresses without secrets and personal data, messages without secrets."""

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from linkstar_pipelines.connectors.masking import mask_text, mask_url


def test_only_declared_query_values_stay_readable() -> None:
    url = "https://user:pw@host.test:8443/orders?lastUpdatedAfter=2026-01-01T00:00:00Z&token=abc&buyer=jane%40x.org"
    assert (
        mask_url(url, {"lastUpdatedAfter"})
        == "https://host.test:8443/orders?lastUpdatedAfter=2026-01-01T00:00:00Z&token=***&buyer=***"
    )


@given(st.text("abcdefghij", min_size=9), st.text(max_size=40), st.text(max_size=40))
def test_no_secret_survives_in_a_message(secret: str, before: str, after: str) -> None:
    assert secret not in mask_text(f"{before}{secret}{after}", [SecretStr(secret)])


def test_mail_addresses_are_masked_and_long_messages_cut() -> None:
    text = mask_text("no buyer jane.roe@example.com here " + "x" * 2000, [])
    assert text.startswith("no buyer *** here x")
    assert len(text) == 500
