"""The platforms: the one place where a platform is registered.

Belongs here: names, titles and streams; raw tables, assets, checks, settings and sensors are made from these lines.
Does not belong here: how a platform is asked (`connectors/<platform>/`), or what its answers mean (the same package).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Stream(StrEnum):
    """What a platform can be asked for."""

    ORDERS = "orders"
    LISTINGS = "listings"
    INVENTORY = "inventory"
    RETURNS = "returns"
    FINANCES = "finances"


CHANGING: Final = frozenset({Stream.ORDERS, Stream.RETURNS, Stream.FINANCES})
"""Streams that are read by change time, day after day; the others are read as they are now."""


@dataclass(frozen=True)
class PlatformName:
    """A platform as people call it, and the streams it offers."""

    name: str
    title: str
    title_zh: str
    streams: tuple[Stream, ...] = tuple(Stream)


PLATFORMS: Final[dict[str, PlatformName]] = {
    platform.name: platform
    for platform in (
        PlatformName("amazon", "Amazon", "亚马逊"),
        PlatformName("ebay", "eBay", "eBay"),
        PlatformName("walmart", "Walmart", "沃尔玛"),
        PlatformName("shopee", "Shopee", "虾皮"),
        PlatformName("aliexpress", "AliExpress", "全球速卖通"),
        PlatformName("shopify", "Shopify", "Shopify", (Stream.ORDERS, Stream.LISTINGS, Stream.INVENTORY)),
        PlatformName("tiktok", "TikTok Shop", "TikTok 小店", (Stream.ORDERS, Stream.LISTINGS, Stream.INVENTORY)),
    )
}
"""Every platform by name. A further one is a line here, a package in `connectors/`, and a side in `sandbox/`."""
