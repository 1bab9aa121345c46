"""Typed codes become clean SKUs by rule, or have none and a reason."""

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from linkstar_pipelines.domain.sku_codes import SkuCodeRules, clean_codes
from linkstar_pipelines.rules.sku_codes import load_sku_code_rules

RULES = load_sku_code_rules()
ALPHABET = "aAbZ09lOIаКμΜ-_ ()./\\ßｆﾌ＿－–—‑−\u00a0\u200b\u0130ﬁ²"


def clean(*codes: str | None, platform: str = "amazon", rules: SkuCodeRules = RULES) -> list[dict[str, str | None]]:
    frame = pl.DataFrame({"code": pl.Series(codes, dtype=pl.String)})
    return frame.select(clean=clean_codes(pl.col("code"), rules, platform)).to_series().to_list()


@pytest.mark.parametrize(
    ("code", "cleaning"),
    [
        ("LS-KITCH-0042", "none"),
        ("ls-kitch-0042", "upper"),
        ("  LS-KITCH-0042 ", "trim"),
        ("LS_KITCH_0042", "separator"),
        ("LS KITCH - 0042", "separator"),
        ("LS–KITCH—0042", "separator"),
        ("LS-KITCH-0042-FBA", "suffix"),
        ("LS-KITCH-0042(FBA)", "suffix"),
        ("LS_KITCH_0042_FBA", "separator+suffix"),
        ("LS-KITCH-0042 (fba)", "upper+separator+suffix"),
        ("LS-KITCH-0042-FBA-MFN", "suffix"),
        ("ＬＳ－ＫＩＴＣＨ－００４２", "width"),
        ("LS-\u200bKITCH-0042", "width"),
        (" ｌｓ＿ｋｉｔｃｈ＿００４２＿ｆｂａ ", "width+upper+trim+separator+suffix"),
    ],
)
def test_dirt_is_cleaned_and_the_steps_are_named(code: str, cleaning: str) -> None:
    assert clean(code) == [{"sku": "LS-KITCH-0042", "cleaning": cleaning, "reason": None}]


@pytest.mark.parametrize(
    "code", ["AMZ.GR.X7-ABCDEFGH", "LS-KITCH-42", "LS-KITCHFBA-0042X", "FBA", "(FBA)", "", " ", None]
)
def test_a_code_that_fits_no_rule_has_no_sku_but_a_reason(code: str | None) -> None:
    (result,) = clean(code)
    assert result["sku"] is None
    assert result["reason"] == f"code `{code or ''}` fits no code rule (^LS-[A-Z]{{2,8}}-[0-9]{{4}}$)"


@pytest.mark.parametrize(
    ("code", "sku", "cleaning"),
    [
        ("LS-КITCH-0042", "LS-KITCH-0042", "look_alikes"),  # a Cyrillic К
        ("ls-kіtch-0042", "LS-KITCH-0042", "look_alikes+upper"),  # a Ukrainian і
        ("LS-ΚITCH-0042", "LS-KITCH-0042", "look_alikes"),  # a Greek Kappa
        ("LS-KITCH-O042", "LS-KITCH-0042", "letter_or_digit"),
        ("LS-KITCH-l042", "LS-KITCH-1042", "upper+letter_or_digit"),
        ("LS-0FFICE-0042-FBА", "LS-OFFICE-0042", "look_alikes+suffix+letter_or_digit"),
    ],
)
def test_look_alike_characters_become_what_the_rule_wants(code: str, sku: str, cleaning: str) -> None:
    assert clean(code) == [{"sku": sku, "cleaning": cleaning, "reason": None}]


@pytest.mark.parametrize(
    "code",
    ["LS-KITCH-OO42", "LS-K1TCH-0042", "LS-KITCH-L042"],
    ids=["two letters for digits", "1 for I or for L", "a capital L is no 1"],
)
def test_what_is_not_beyond_doubt_is_refused(code: str) -> None:
    (result,) = clean(code)
    assert (result["sku"], result["cleaning"]) == (None, "none")


def test_a_code_all_in_another_alphabet_is_refused_and_its_letters_named() -> None:
    (result,) = clean("АВС-001")
    assert result["cleaning"] == "none"
    assert str(result["reason"]).endswith("; it has letters that are not Latin: `АВС`")


def test_imported_history_is_not_held_to_the_house_form() -> None:
    codes = ("85123a", "gift_0001_80", "BANK CHARGES", "47503J ", "AMZ.GR.X7")
    assert [result["sku"] for result in clean(*codes, platform="import")] == [
        "85123A", "GIFT-0001-80", "BANK-CHARGES", "47503J", "AMZ.GR.X7",
    ]  # fmt: skip


def test_every_row_gets_the_result_of_its_own_code() -> None:
    results = clean("ls-kitch-0001", None, "LS-KITCH-0002", "?", "ls-kitch-0001")
    assert [result["sku"] for result in results] == ["LS-KITCH-0001", None, "LS-KITCH-0002", None, "LS-KITCH-0001"]
    assert clean() == []


@settings(deadline=None)  # a busy machine is no finding
@given(st.text(alphabet=ALPHABET, max_size=14) | st.text(max_size=10))
@example("a-FBA-")
@example("\u0149-fba")
@example("ａ (fba)-FBM")
def test_cleaning_a_clean_sku_changes_nothing(code: str) -> None:
    anything = SkuCodeRules(separators=("_", "/"), suffixes=("FBA", "FBM"), accept={"default": "^.+$"})
    (once,) = clean(code, rules=anything)
    if once["sku"] is not None:
        assert clean(once["sku"], rules=anything) == [{"sku": once["sku"], "cleaning": "none", "reason": None}]


@settings(deadline=None)
@given(st.sampled_from(["LS-KITCH-0042", "LS-AB-0001"]), st.data())
def test_any_mix_of_known_dirt_leads_back_to_the_sku(sku: str, data: st.DataObject) -> None:
    dirty = sku + data.draw(st.sampled_from(["", "-FBA", "_FBA", " (FBA)", "-mfn"]))
    dirty = dirty.replace("-", data.draw(st.sampled_from(["-", "_", " ", "–", " - "])))
    dirty = data.draw(st.sampled_from([dirty, dirty.lower()]))
    if data.draw(st.booleans()):
        dirty = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in dirty)
    dirty = data.draw(st.sampled_from(["", " ", "\u3000"])) + dirty + data.draw(st.sampled_from(["", "  "]))
    assert clean(dirty)[0]["sku"] == sku


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"accept": {"default": "^("}}, "no regular expression"),
        ({"accept": {"default": "LS-.*"}}, "begin it with"),
        ({"accept": {"import": "^A$"}}, "`default` is missing"),
        ({"separators": ("__",)}, "at most 1 character"),
        ({"separators": ("A",)}, "match pattern"),
        ({"suffixes": ("-FBA",)}, "match pattern"),
        ({"sufixes": ()}, "not permitted"),
    ],
)
def test_rules_that_make_no_sense_are_refused(part: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SkuCodeRules.model_validate({"accept": {"default": "^A$"}} | part)
