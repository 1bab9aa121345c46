"""How a person connects an AliExpress shop.

Belongs here: places in the console, permissions. Does not belong here: calls (`client.py`).

Which methods an app may call depends on its category; the documentation gives no list. No call rates are published.
"""

from typing import Final

from linkstar_pipelines.connectors.aliexpress import operations as op
from linkstar_pipelines.connectors.guide import Guide, Permission
from linkstar_pipelines.schemas.platforms import Stream

_APP: Final = "for your app on the AliExpress Open Platform"

GUIDE: Final = Guide(
    console="""\
App key and app secret: your app on the AliExpress Open Platform.
Refresh token and seller id: authorise the shop (api-sg.aliexpress.com/oauth/authorize); /auth/token/create
  gives both for the code.
The authorisation of a launched app ends after 60 days, whatever is refreshed meanwhile; that of an app in test
  after 2. Authorise again before and run this command again.
""",
    grants={
        Stream.ORDERS: f"{op.ORDERS.method} and {op.ORDER_ADDRESS} {_APP}",
        Stream.LISTINGS: f"{op.PRODUCTS.method} and {op.PRODUCT_INFO} {_APP}",
        Stream.INVENTORY: f"{op.PRODUCTS.method} and {op.PRODUCT_INFO} {_APP}",
        Stream.RETURNS: f"{op.ISSUES.method} and {op.ISSUE_DETAIL} {_APP}",
        Stream.FINANCES: f"{op.LOANS.method} and {op.ORDER_INFO} {_APP}",
    },
    permissions=(
        Permission("stock push", f"{op.STOCK_UPDATE} {_APP}"),
        Permission("shipment confirmation", f"{op.ORDER_FULFILL} {_APP}"),
    ),
)
