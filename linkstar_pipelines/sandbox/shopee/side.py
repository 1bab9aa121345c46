"""Shopee's side of the sandbox: its routes, wired to the bench.

Not here: any behaviour (one module per group of calls).
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.pushes import SignedPush
from linkstar_pipelines.sandbox.quota import QuotaDesk
from linkstar_pipelines.sandbox.shopee.auth import TokenDesk
from linkstar_pipelines.sandbox.shopee.catalog import Catalog
from linkstar_pipelines.sandbox.shopee.gateway import PLANS, ShopeeDialect, ShopeeGateway
from linkstar_pipelines.sandbox.shopee.logistics import ShippingDesk
from linkstar_pipelines.sandbox.shopee.orders import OrdersApi
from linkstar_pipelines.sandbox.shopee.payments import PaymentsApi
from linkstar_pipelines.sandbox.shopee.products import ProductsApi
from linkstar_pipelines.sandbox.shopee.push import PushDesk
from linkstar_pipelines.sandbox.shopee.returns import ReturnsApi
from linkstar_pipelines.sandbox.shopee.wire import Call, done
from linkstar_pipelines.sandbox.wire import Reply
from linkstar_pipelines.sandbox.world.accounts import Account
from linkstar_pipelines.sandbox.world.instants import DAY

_API = "/api/v2"


class Side:
    """Shopee, under the prefix `shopee`; the partner ids of its apps are in `auth.PARTNER_IDS`."""

    def __init__(self, bench: Bench) -> None:
        accounts = bench.accounts("shopee")
        catalogs = {account.code: Catalog(bench.world.store(account.code)) for account in accounts}
        self._gateway = bench.gateway(ShopeeDialect(), prefix="shopee.")
        self._logins = TokenDesk(bench.seed, accounts, bench.options.token_ttl)
        self._quotas = QuotaDesk(PLANS, bench.options.rate_scale)
        self._shopee = ShopeeGateway(self._gateway, bench.clock, self._logins, self._quotas)
        self._shipping = ShippingDesk(bench)
        self._orders = OrdersApi(bench, catalogs, self._shipping)
        self._products, self._returns = ProductsApi(bench, catalogs), ReturnsApi(bench, catalogs)
        self._payments = PaymentsApi(bench)
        self._push_desk = PushDesk(bench)

    def routes(self) -> list[BaseRoute]:
        """Return Shopee's routes."""
        shop, public = self._shopee.shop, self._shopee.public
        return [
            self._shopee.refresh(f"{_API}/auth/access_token/get"),
            shop("GET", f"{_API}/shop/get_shop_info", _shop_info),
            shop("GET", f"{_API}/order/get_order_list", self._orders.search),
            shop("GET", f"{_API}/order/get_order_detail", self._orders.detail),
            shop("GET", f"{_API}/product/get_item_list", self._products.search),
            shop("GET", f"{_API}/product/get_item_base_info", self._products.base),
            shop("GET", f"{_API}/product/get_model_list", self._products.models),
            shop("POST", f"{_API}/product/update_stock", self._products.update_stock),
            shop("GET", f"{_API}/logistics/get_shipping_parameter", self._shipping.parameter),
            shop("POST", f"{_API}/logistics/ship_order", self._shipping.ship),
            shop("GET", f"{_API}/logistics/get_tracking_number", self._shipping.tracking),
            shop("GET", f"{_API}/returns/get_return_list", self._returns.search),
            shop("GET", f"{_API}/returns/get_return_detail", self._returns.detail),
            shop("GET", f"{_API}/payment/get_escrow_list", self._payments.escrow_list),
            shop("GET", f"{_API}/payment/get_escrow_detail", self._payments.escrow_detail),
            shop("GET", f"{_API}/payment/get_wallet_transaction_list", self._payments.wallet),
            public("GET", f"{_API}/push/get_lost_push_message", self._push_desk.lost),
            public("POST", f"{_API}/push/confirm_consumed_lost_push_message", self._push_desk.confirm),
        ]

    def astray(self, request: Request, status: int) -> Response:
        """Answer a request that reaches no operation."""
        return self._gateway.astray(request, status)

    def pushes(self, account: Account, since: int, until: int) -> list[SignedPush]:
        """Return the signed pushes of the order versions in [since, until), oldest first."""
        return self._push_desk.pushes(account, since, until)


def _shop_info(call: Call) -> Reply:
    """Answer get_shop_info, whose fields stand at the top."""
    year = 365 * DAY
    return done(
        shop_name=call.market.name, region=call.market.id, status="NORMAL", is_cb=False, is_sip=False,
        auth_time=call.now - DAY, expire_time=call.now + year,
    )  # fmt: skip
