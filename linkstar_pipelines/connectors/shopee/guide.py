"""How a person connects a Shopee shop.

Belongs here: places in the console, permissions, quotas. Does not belong here: calls (`client.py`).
"""

from typing import Final

from linkstar_pipelines.connectors.guide import Guide, Permission, quotas_of
from linkstar_pipelines.connectors.shopee import operations as op
from linkstar_pipelines.schemas.platforms import Stream

_APP: Final = "to your app on open.shopee.com; declare this machine's address there if the app has a list of them"

GUIDE: Final = Guide(
    console="""\
Partner id and live partner key: your app on open.shopee.com.
Shop id and refresh token: authorise the shop (open.shopee.com/auth); the redirect carries `code` and `shop_id`,
  and /api/v2/auth/token/get gives the tokens for the code within 10 minutes.
The refresh token is spent at first use; its successors are kept in the database. An authorisation ends after
  365 days at most.
""",
    grants={
        Stream.ORDERS: f"the module Order {_APP}",
        Stream.LISTINGS: f"the module Product {_APP}",
        Stream.INVENTORY: f"the module Product {_APP}",
        Stream.RETURNS: f"the module Returns {_APP}",
        Stream.FINANCES: f"the module Payment {_APP}",
    },
    permissions=(
        Permission("stock push", f"the module Product {_APP}"),
        Permission("shipment confirmation", f"the module Logistics {_APP}"),
    ),
    quotas=quotas_of(op, op.Operation, lambda operation: None if operation is op.REFRESH_TOKEN else op.PLAN, "our own"),
)
