"""The try-out installation: the product connected to the sandbox instead of real platforms.

Belongs here: which environment connects the two. The credentials are the sandbox's documented constants; they open
nothing else.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from linkstar_pipelines.schemas.platforms import PLATFORMS
from linkstar_pipelines.settings import Settings, load_settings
from linkstar_pipelines.store_files import STORES_FILE

OPENS: Final = date(2026, 3, 1)
"""First day of the sandbox's order book."""

CLOSES: Final = date(2026, 5, 24)
"""Day on which the demo's order book closes."""

HISTORY_ENDS: Final = datetime.combine(CLOSES - timedelta(days=1), time.min, UTC)
"""Where the sandbox's clock stands while the demo reads the past."""

DEMO_ENDS: Final = datetime.combine(CLOSES + timedelta(days=1), time(6), UTC)
"""Where it stands at the end of the demo: six hours on, no order of the book can still be hidden as late."""


@dataclass(frozen=True)
class _Store:
    """A store of the sandbox: its settings, where `{url}` stands for the sandbox's address."""

    platform: str
    name: str
    time_zone: str
    settings: Mapping[str, str]


def _amazon(name: str, zone: str, marketplace_ids: str) -> _Store:
    return _Store(
        "amazon", name, zone,
        {
            "SELLER_ID": f"A1LINKSTAR{name.upper()}", "MARKETPLACE_IDS": marketplace_ids,
            "CLIENT_ID": f"sandbox-client-{name}", "CLIENT_SECRET": f"sandbox-secret-{name}",
            "REFRESH_TOKEN": f"sandbox-refresh-{name}",
            "ENDPOINT": "{url}", "AUTH_URL": "{url}/auth/o2/token",
        },
    )  # fmt: skip


def _login(name: str, client: str, key: str) -> dict[str, str]:
    """The sandbox's documented credentials of an account, under the platform's own names for them."""
    return {client: f"sandbox-client-{name}", key: f"sandbox-secret-{name}"}


def _ebay(name: str, zone: str, seller_id: str, marketplace_ids: str, **signing: str) -> _Store:
    address = {"API_URL": "{url}/ebay", "APIZ_URL": "{url}/ebay", "REFRESH_TOKEN": f"sandbox-refresh-{name}"}
    named = {"SELLER_ID": seller_id, "MARKETPLACE_IDS": marketplace_ids}
    return _Store("ebay", name, zone, named | address | _login(name, "CLIENT_ID", "CLIENT_SECRET") | signing)


def _walmart(name: str) -> _Store:
    login = _login(name, "CLIENT_ID", "CLIENT_SECRET")
    return _Store("walmart", name, "America/Chicago", {"ENDPOINT": "{url}/walmart", **login})


def _shopee(name: str, zone: str, partner_id: str, shop_id: str, region: str) -> _Store:
    return _Store(
        "shopee", name, zone,
        {
            "PARTNER_ID": partner_id, "PARTNER_KEY": f"sandbox-secret-{name}", "SHOP_ID": shop_id, "REGION": region,
            "REFRESH_TOKEN": f"sandbox-refresh-{name}", "ENDPOINT": "{url}/shopee",
        },
    )  # fmt: skip


def _aliexpress(name: str, seller_id: str) -> _Store:
    return _Store(
        "aliexpress", name, "Asia/Shanghai",
        {
            "SELLER_ID": seller_id, "REFRESH_TOKEN": f"sandbox-refresh-{name}", "ENDPOINT": "{url}/aliexpress",
            **_login(name, "APP_KEY", "APP_SECRET"),
        },
    )  # fmt: skip


def _shopify(name: str, zone: str, shop: str, marketplace_id: str) -> _Store:
    return _Store(
        "shopify", name, zone,
        {
            "SHOP": f"{shop}.myshopify.com", "MARKETPLACE_ID": marketplace_id, "ENDPOINT": "{url}/shopify",
            "ACCESS_TOKEN": f"sandbox-refresh-{name}", "CLIENT_SECRET": f"sandbox-secret-{name}",
            "LOCATION_ID": "71234567890",
        },
    )  # fmt: skip


def _tiktok(name: str, zone: str, shop_id: str, marketplace_id: str) -> _Store:
    return _Store(
        "tiktok", name, zone,
        {
            "SHOP_ID": shop_id, "SHOP_CIPHER": f"SBX_{name}-cipher", "MARKETPLACE_ID": marketplace_id,
            "REFRESH_TOKEN": f"sandbox-refresh-{name}", "ENDPOINT": "{url}/tiktok", "AUTH_URL": "{url}/tiktok",
            **_login(name, "APP_KEY", "APP_SECRET"),
        },
    )  # fmt: skip


_EBAY_TEST_KEY: Final = "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF"
"""eBay's published test key for message signatures; the sandbox knows its public half."""

_EBAY_TEST_JWE: Final = (
    "eyJ6aXAiOiJERUYiLCJlbmMiOiJBMjU2R0NNIiwidGFnIjoiSXh2dVRMb0FLS0hlS0Zoa3BxQ05CUSIsImFsZyI6IkEyNTZHQ01LVyIsIml2Ijoi"
    "aFd3YjNoczk2QzEyOTNucCJ9.2o02pR9SoTF4g_5qRXZm6tF4H52TarilIAKxoVUqjd8.3qaF0KJN-rFHHm_P.AMUAe9PPduew09mANIZ-O_68CC"
    "uv6EIx096rm9WyLZnYz5N1WFDQ3jP0RBkbaOtQZHImMSPXIHVaB96RWshLuJsUgCKmTAwkPVCZv3zhLxZVxMXtPUuJ-ppVmPIv0NzznWCOU5Kvb9"
    "Xux7ZtnlvLXgwOFEix-BaWNomUAazbsrUCbrp514GIea3butbyxXLNi6R9TJUNh8V2uan-optT1MMyS7eMQnVGL5rYBULk.9K5ucUqAu0DqkkhgubsHHw"
)

_STORES: Final = (
    _amazon("na", "America/Los_Angeles", "ATVPDKIKX0DER"),
    _amazon("eu", "Europe/London", "A1F83G8C2ARO7P,A1PA6795UKMFR9"),
    _ebay("ebus", "America/New_York", "linkstar_us", "EBAY_US"),
    _ebay(
        "ebeu", "Europe/Berlin", "linkstar_eu", "EBAY_GB,EBAY_DE",
        SIGNING_PRIVATE_KEY=_EBAY_TEST_KEY, SIGNING_JWE=_EBAY_TEST_JWE,
    ),
    _walmart("wm1"),
    _walmart("wm2"),
    _shopee("spsg", "Asia/Singapore", "2001887", "727720655", "SG"),
    _shopee("spmy", "Asia/Kuala_Lumpur", "2001888", "727720656", "MY"),
    _aliexpress("ae1", "2671514005"),
    _aliexpress("ae2", "2671514006"),
    _shopify("sfus", "America/New_York", "linkstar-us", "SHOPIFY_US"),
    _shopify("sfde", "Europe/Berlin", "linkstar-de", "SHOPIFY_DE"),
    _tiktok("ttus", "America/Los_Angeles", "7494000000000000001", "TIKTOK_US"),
    _tiktok("ttgb", "Europe/London", "7494000000000000002", "TIKTOK_GB"),
)  # fmt: skip

FIRST_PLATFORMS: Final = ("amazon",)
"""Platforms that are tried where nobody names others."""


def accounts(platforms: Collection[str]) -> str:
    """Accounts of the sandbox that trade, as its option wants them."""
    return ",".join(store.name.upper() for store in _STORES if store.platform in platforms)


def is_trial(settings: Settings) -> bool:
    """True when no store is connected: the product may be tried against the sandbox."""
    return not settings.stores


def connect(url: str, opens: date, *, platforms: Collection[str] = FIRST_PLATFORMS, faulty: bool = False) -> Settings:
    """Point this process and its children to a sandbox; returns the settings that follow.

    Args:
        url: Where the sandbox listens.
        opens: First day of its order book.
        platforms: Platforms whose two stores are connected.
        faulty: Its faults are switched on: most requests must then be repeated many times.
    """
    variables = {
        "LINKSTAR_FX_URL": f"{url}/stats/eurofxref/eurofxref-hist.zip",
        "LINKSTAR_HISTORY_START": opens.isoformat(),
        # Real stores that are registered here stay out of the try-out.
        "LINKSTAR_STORES_FILE": str(load_settings().data_dir / "sandbox" / STORES_FILE),
    }
    if faulty:
        variables |= {"LINKSTAR_HTTP_MAX_ATTEMPTS": "60", "LINKSTAR_HTTP_TIMEOUT_SECONDS": "2"}
    connected = [store for store in _STORES if store.platform in platforms]
    for platform in PLATFORMS:
        names = [store.name for store in connected if store.platform == platform]
        variables[f"LINKSTAR_{platform.upper()}_STORES"] = ",".join(names)
    for store in connected:
        prefix = f"LINKSTAR_{store.platform.upper()}_{store.name.upper()}_"
        variables |= {prefix + name: value.format(url=url) for name, value in store.settings.items()}
        variables[f"{prefix}TIME_ZONE"] = store.time_zone
    os.environ.update(variables)
    return load_settings()
