"""How a person connects a TikTok shop.

Belongs here: places in the console, scopes, quotas. Does not belong here: calls (`client.py`).

No official document is at hand: the names of the scopes' groups are recalled.
"""

from typing import Final

from linkstar_pipelines.connectors.guide import Guide, Permission, quotas_of
from linkstar_pipelines.connectors.tiktok import operations as op
from linkstar_pipelines.schemas.platforms import Stream

_APP: Final = "for your app in the Partner Center; then authorise the shop again"

GUIDE: Final = Guide(
    console="""\
App key and app secret: your app in the TikTok Shop Partner Center.
Refresh token: authorise the shop (services.tiktokshop.com/open/authorize, in the US
  services.us.tiktokshop.com); the token endpoint gives it for the code.
Shop id and shop cipher: `Get Authorized Shops` (/authorization/202309/shops) tells both.
""",
    grants={
        Stream.ORDERS: f"the scope of orders {_APP}",
        Stream.LISTINGS: f"the scope of products {_APP}",
        Stream.INVENTORY: f"the scope of products {_APP}",
    },
    permissions=(
        Permission("stock push", f"the scope of products {_APP}"),
        Permission("shipment confirmation", f"the scope of fulfilment {_APP}"),
    ),
    quotas=quotas_of(op, op.Operation, lambda operation: None if operation is op.REFRESH_TOKEN else op.PLAN, "our own"),
)
