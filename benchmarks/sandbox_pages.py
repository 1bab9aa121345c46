"""A few real answers of the sandbox's order search, to make many of.

Belongs here: fetching them. Does not belong here: making many (`marketplace.py`).
"""

from pathlib import Path
from typing import Final

import httpx

from linkstar_pipelines.connectors.amazon.operations import ORDER_DATA
from linkstar_pipelines.operations import processes

_FLAGS: Final = (
    "--accounts", "NA", "--opens", "2026-04-20", "--closes", "2026-04-27", "--orders-per-day", "60",
    "--rate-scale", "100000", "--clock", "frozen:2026-05-20T00:00:00Z",
)  # fmt: skip
_LOGIN: Final = {
    "grant_type": "refresh_token", "refresh_token": "sandbox-refresh-na", "client_id": "sandbox-client-na",
    "client_secret": "sandbox-secret-na",
}  # fmt: skip


def order_pages(folder: Path) -> list[bytes]:
    """Return bodies of `searchOrders` with a week's orders of one account."""
    with processes.sandbox(folder, _FLAGS) as url:
        token = httpx.post(f"{url}/auth/o2/token", data=_LOGIN).raise_for_status().json()["access_token"]
        params = {
            "marketplaceIds": "ATVPDKIKX0DER", "lastUpdatedAfter": "2026-04-20T00:00:00Z", "maxResultsPerPage": "100",
            "includedData": ",".join(ORDER_DATA),
        }  # fmt: skip
        pages: list[bytes] = []
        more: str | None = ""
        while more is not None:
            asked = {**params, **({"paginationToken": more} if more else {})}
            answer = httpx.get(
                f"{url}/orders/2026-01-01/orders", params=asked, headers={"x-amz-access-token": token}
            ).raise_for_status()
            pages.append(answer.content)
            more = answer.json().get("pagination", {}).get("nextToken")
        return pages
