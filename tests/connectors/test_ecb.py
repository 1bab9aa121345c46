"""The ECB's reference rates: zipped or plain, `N/A` left out, exact decimals."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import httpx
import pytest

from linkstar_pipelines.connectors.ecb import fetch_rates
from linkstar_pipelines.connectors.errors import MalformedAnswerError
from tests.connectors.conftest import MakeCore
from tests.connectors.support import Script

CSV = "Date,USD,JPY,CYP,\n2026-05-22,1.0823,169.55,N/A,\n2026-05-21,1.08,170,0.58,\n"


def zipped(text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("eurofxref-hist.csv", text)
    return buffer.getvalue()


@pytest.mark.parametrize("body", [zipped(CSV), CSV.encode()], ids=["zip", "csv"])
def test_rates_are_read_exactly_and_absent_ones_left_out(body: bytes, script: Script, make_core: MakeCore) -> None:
    script.steps = [httpx.Response(200, content=body)]
    rates = fetch_rates("https://ecb.test/hist.zip", make_core())
    assert rates == [
        (date(2026, 5, 22), "USD", Decimal("1.0823")),
        (date(2026, 5, 22), "JPY", Decimal("169.55")),
        (date(2026, 5, 21), "USD", Decimal("1.08")),
        (date(2026, 5, 21), "JPY", Decimal(170)),
        (date(2026, 5, 21), "CYP", Decimal("0.58")),
    ]


def test_rates_before_the_asked_day_are_left_out(script: Script, make_core: MakeCore) -> None:
    script.steps = [httpx.Response(200, content=CSV.encode())]
    rates = fetch_rates("https://ecb.test/hist.zip", make_core(), since=date(2026, 5, 22))
    assert {rate.day for rate in rates} == {date(2026, 5, 22)}


def test_a_cut_zip_is_downloaded_again(script: Script, make_core: MakeCore) -> None:
    whole = zipped(CSV)
    script.steps = [httpx.Response(200, content=whole[:40]), httpx.Response(200, content=whole)]
    assert len(fetch_rates("https://ecb.test/hist.zip", make_core())) == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html>busy</html>", "first column"),
        ("Date,USD\n2026-05-22,abc\n", "no number"),
        ("Date,USD\n2026-05-22\n", "2 columns"),
        ("", "first column"),
    ],
)
def test_a_file_in_another_form_is_refused_with_the_reason(
    text: str, words: str, script: Script, make_core: MakeCore
) -> None:
    script.steps = [httpx.Response(200, content=text.encode())] * 4
    with pytest.raises(MalformedAnswerError, match=words):
        fetch_rates("https://ecb.test/hist.zip", make_core())
