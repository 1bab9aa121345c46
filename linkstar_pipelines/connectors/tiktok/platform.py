"""TikTok Shop as the product knows it.

Belongs here: `PLATFORM`, put together from this package. Does not belong here: any behaviour.
"""

from typing import Final

from linkstar_pipelines.connectors.platform import Platform
from linkstar_pipelines.connectors.tiktok import forms, orders
from linkstar_pipelines.connectors.tiktok.client import TikTokClient
from linkstar_pipelines.connectors.tiktok.listings import listings, stock
from linkstar_pipelines.connectors.tiktok.operations import PLATFORM as NAME
from linkstar_pipelines.connectors.tiktok.push import receive
from linkstar_pipelines.connectors.tiktok.records import RECORDS
from linkstar_pipelines.connectors.tiktok.store import TikTokStore

PLATFORM: Final = Platform(
    name=NAME,
    store=TikTokStore,
    client=TikTokClient,
    streams=forms.STREAMS,
    records=RECORDS,
    orders=orders.FORM,
    listings=listings,
    stock=stock,
    receive=receive,
)
