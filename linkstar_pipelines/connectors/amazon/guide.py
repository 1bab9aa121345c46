"""How a person connects an Amazon seller account.

Belongs here: places in the console, roles, quotas. Does not belong here: calls (`client.py`).

Roles are those of Amazon's pages of roles; which of them opens orders, listings and stock is recalled.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from linkstar_pipelines.connectors.amazon import operations as op
from linkstar_pipelines.connectors.amazon.client import AmazonClient
from linkstar_pipelines.connectors.guide import Guide, Permission, quotas_of
from linkstar_pipelines.schemas.platforms import Stream

_WHERE: Final = "(roles: https://developer-docs.amazon.com/sp-api/docs/role-mappings)"
_FINANCE: Final = f"role Finance and Accounting {_WHERE}"


def _settlements(client: AmazonClient) -> object:
    return next(client.settlement_reports(datetime.now(UTC) - timedelta(days=1)), None)


GUIDE: Final = Guide(
    console="""\
Client id and client secret: the LWA credentials of your private SP-API application, in Seller Central's list of
  your applications.
Refresh token: what authorising that application for your own account gives. After a change of roles, authorise
  again: older tokens lack the new ones.
Endpoint: sellingpartnerapi-na for the Americas, -eu for Europe, the Middle East, India and South Africa, -fe
  for Japan, Australia and Singapore. Marketplace ids: ATVPDKIKX0DER is the US, A1F83G8C2ARO7P the UK.
""",
    grants={
        Stream.ORDERS: f"role Inventory and Order Tracking {_WHERE}",
        Stream.LISTINGS: f"role Product Listing {_WHERE}",
        Stream.INVENTORY: f"role Amazon Fulfillment {_WHERE}",
        Stream.RETURNS: f"role Amazon Fulfillment {_WHERE}",
        Stream.FINANCES: _FINANCE,
    },
    permissions=(
        Permission("settlement reports", _FINANCE, probe=_settlements),
        Permission("stock push", f"role Product Listing {_WHERE}"),
        Permission("shipment confirmation", f"role Inventory and Order Tracking {_WHERE}"),
    ),
    quotas=quotas_of(op, op.Operation, lambda operation: operation.plan, "documented"),
)
