"""No person can be found in what is stored."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from linkstar_pipelines.domain.privacy import mask_order
from tests.support import shared_path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
PARTS = ("buyer", "recipient", "deliveryAddress", "tax", "taxRegistrations", "orderItems", "product", "payment")


def official_order() -> dict[str, Any]:
    model = json.loads(shared_path("contracts", "amazon", "orders_2026-01-01.json").read_text())
    answer = model["paths"]["/orders/2026-01-01/orders"]["get"]["responses"]["200"]
    order: dict[str, Any] = answer["examples"]["application/json"]["orders"][0]
    return order


def test_names_mail_phone_and_street_of_the_official_example_are_gone() -> None:
    masked = json.dumps(mask_order(official_order()))
    for personal in (
        "John Smith", "buyer-email", "Smith Industries", "PO-2024-12345", "123 Main Street", "Suite 456",
        "555-123-4567", "Front desk", "main lobby", "Happy Holidays", "customizedUrl",
    ):  # fmt: skip
        assert personal not in masked


def test_what_customs_tax_and_carriers_need_of_the_address_stays() -> None:
    assert mask_order(official_order())["recipient"] == {
        "deliveryAddress": {
            "city": "Seattle", "stateOrRegion": "WA", "postalCode": "98101", "countryCode": "US",
            "addressType": "COMMERCIAL",
        }
    }  # fmt: skip


def test_everything_that_is_not_personal_stays_as_it_was() -> None:
    order = official_order()
    masked = mask_order(order)
    for part in ("orderId", "salesChannel", "proceeds", "fulfillment", "packages", "programs"):
        assert masked[part] == order[part]
    assert [line["quantityOrdered"] for line in masked["orderItems"]] == [2, 1]


def test_tax_numbers_of_the_seller_and_the_marketplace_stay_those_of_the_buyer_go() -> None:
    registrations = [{"entityType": kind, "taxRegistrationNumber": kind} for kind in ("BUYER", "MARKETPLACE")]
    masked = mask_order({"tax": {"taxRegistrations": [*registrations, {"legalName": "nobody said whose"}]}})
    assert masked["tax"]["taxRegistrations"] == [registrations[1]]


def test_the_payload_handed_in_is_not_changed() -> None:
    order = official_order()
    before = copy.deepcopy(order)
    mask_order(order)
    assert order == before


@given(st.dictionaries(st.sampled_from(PARTS), JSON | st.dictionaries(st.sampled_from(PARTS), JSON), max_size=6))
def test_malformed_orders_are_masked_too_and_masking_twice_changes_nothing(payload: dict[str, Any]) -> None:
    masked = mask_order(payload)
    assert not {"buyer", "payment"} & masked.keys()
    assert mask_order(masked) == masked
