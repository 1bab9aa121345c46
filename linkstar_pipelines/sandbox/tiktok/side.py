"""TikTok Shop's side of the sandbox: its routes, wired to the bench.

Not here: any behaviour (one module per group of calls).
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.quota import QuotaDesk
from linkstar_pipelines.sandbox.tiktok.auth import TokenDesk, cipher_of
from linkstar_pipelines.sandbox.tiktok.catalog import Catalog
from linkstar_pipelines.sandbox.tiktok.gateway import PLANS, TikTokDialect, TikTokGateway
from linkstar_pipelines.sandbox.tiktok.orders import OrdersApi
from linkstar_pipelines.sandbox.tiktok.products import ProductsApi
from linkstar_pipelines.sandbox.tiktok.pushes import pushes
from linkstar_pipelines.sandbox.tiktok.shipping import ShippingDesk
from linkstar_pipelines.sandbox.tiktok.wire import Call, done
from linkstar_pipelines.sandbox.wire import Reply
from linkstar_pipelines.sandbox.world.accounts import Account


class Side:
    """TikTok Shop, API and tokens alike under the prefix `tiktok`; credentials are explained in `auth`."""

    def __init__(self, bench: Bench) -> None:
        accounts = bench.accounts("tiktok")
        catalogs = {account.code: Catalog(bench.world.store(account.code)) for account in accounts}
        self._world = bench.world
        self._gateway = bench.gateway(TikTokDialect(), "tiktok.")
        logins = TokenDesk(bench.seed, accounts, bench.options.token_ttl)
        self._tiktok = TikTokGateway(self._gateway, bench.clock, logins, QuotaDesk(PLANS, bench.options.rate_scale))
        self._shipping = ShippingDesk(bench)
        self._orders, self._products = OrdersApi(bench, catalogs, self._shipping), ProductsApi(bench, catalogs)

    def routes(self) -> list[BaseRoute]:
        """Return TikTok's routes."""
        route, products = self._tiktok.route, self._products
        update, ship = "/product/202309/products/{product_id}/inventory/update", "/fulfillment/202610/orders/{order_id}"
        return [
            self._tiktok.refresh("/api/v2/token/refresh"),
            route("GET", "/authorization/202309/shops", "getAuthorizedShops", _shops, of_shop=False),
            route("POST", "/order/202309/orders/search", "getOrderList", self._orders.search),
            route("GET", "/order/202507/orders", "getOrderDetail", self._orders.detail),
            route("POST", "/product/202502/products/search", "searchProducts", products.search),
            route("POST", "/product/202309/inventory/search", "inventorySearch", products.inventory),
            route("POST", update, "updateInventory", products.update),
            route("POST", f"{ship}/packages", "markPackageAsShipped", self._shipping.mark),
        ]

    def astray(self, request: Request, status: int) -> Response:
        """Answer a request that reaches no operation."""
        return self._gateway.astray(request, status)

    def pushes(self, account: Account, since: int, until: int) -> list[SignedPush]:
        """Return the signed webhooks of the order versions in [since, until), oldest first."""
        return pushes(self._world.reach(until).store(account.code), since, until)


def _shops(call: Call) -> Reply:
    """Answer the authorised shops."""
    account = call.account
    shop = {
        "id": account.seller_id, "name": call.market.name, "region": call.market.country, "seller_type": "LOCAL",
        "cipher": cipher_of(account), "code": account.code,
    }  # fmt: skip
    return done({"shops": [shop]})
