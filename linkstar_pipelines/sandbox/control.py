"""The control side: `/_control/...`, for tests and operators, no part of any platform.

Here: reading and moving the clock, changing faults, the log of exchanges, and the truth about the world to compare
with what was pulled over the wire. No faults, no auth: meant for the loopback address.
Not here: anything a platform would answer.
"""

import json
import os
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from linkstar_pipelines.sandbox.bench import Bench
from linkstar_pipelines.sandbox.wire import Json
from linkstar_pipelines.sandbox.world.instants import iso, parse
from linkstar_pipelines.sandbox.world.money import UNKNOWN_LABEL
from linkstar_pipelines.sandbox.world.settlements import Settlement


class Control:
    """Answers the control requests."""

    def __init__(self, bench: Bench) -> None:
        self._clock = bench.clock
        self._world = bench.world
        self._settlements = bench.settlements
        self._faults = bench.faults
        self._log = bench.log
        self._index = bench.index

    def routes(self) -> Mount:
        """Return all control routes."""
        reads: dict[str, Callable[[Request], Json]] = {
            "health": self._health,
            "clock": lambda _request: self._clock_state(),
            "faults": lambda _request: self._fault_state(),
            "log": lambda _request: self._log_state(),
            "world/orders": self._world_orders,
            "world/settlements": lambda _request: self._world_settlements(),
            "world/products": lambda _request: self._world_products(),
        }
        writes: dict[str, Callable[[Json], Json]] = {
            "clock": self._set_clock,
            "faults": self._set_faults,
            "log/clear": self._clear_log,
        }
        return Mount(
            "/_control",
            routes=[
                *(Route(f"/{path}", _reader(read)) for path, read in reads.items()),
                *(Route(f"/{path}", _writer(write), methods=["POST"]) for path, write in writes.items()),
            ],
        )

    def _health(self, _request: Request) -> Json:
        return {"status": "ok", "pid": os.getpid(), "now": iso(self._clock.now()), "seed": self._world.plan.seed}

    def _clock_state(self) -> Json:
        mode = "live" if self._clock.speed else "frozen"
        return {"now": iso(self._clock.now()), "mode": mode, "speed": self._clock.speed}

    def _set_clock(self, body: Json) -> Json:
        """Take `{"set": instant}` or `{"advance": seconds}`."""
        if "set" in body:
            self._clock.move_to(parse(body["set"]))
        elif "advance" in body:
            self._clock.move_to(self._clock.now() + int(body["advance"]))
        else:
            raise ValueError('say {"set": "<ISO instant>"} or {"advance": <seconds>}')
        return self._clock_state()

    def _fault_state(self) -> Json:
        plan = self._faults.plan
        return {"faults": plan.probabilities, "delay": plan.delay, "spoiled": self._faults.spoiled}

    def _set_faults(self, body: Json) -> Json:
        """Take `{"faults": {name: probability}, "delay": seconds}`; both parts are optional."""
        changes = {str(name): float(value) for name, value in body.get("faults", {}).items()}
        delay = body.get("delay")
        self._faults.change(changes, None if delay is None else float(delay))
        return self._fault_state()

    def _log_state(self) -> Json:
        counts = [
            {"operation": operation, "status": status, "fault": fault or None, "count": count}
            for (operation, status, fault), count in sorted(self._log.counts.items())
        ]
        return {"counts": counts, "recent": list(self._log.recent)}

    def _clear_log(self, _body: Json) -> Json:
        self._log.counts.clear()
        self._log.recent.clear()
        return self._log_state()

    def _world_orders(self, request: Request) -> Json:
        """Tell every order as it is at `at` (default now); `searchable` is the version that searchOrders shows."""
        at = parse(request.query_params["at"]) if "at" in request.query_params else self._clock.now()
        wanted = request.query_params.get("store")
        orders = []
        for store in self._world.reach(at).stores:
            if wanted and store.account.code != wanted:
                continue
            for order in store.by_rank:
                index = order.index_at(at)
                if index < 0:
                    continue
                version, shown = order.versions[index], self._index.version(order, at)
                orders.append(
                    {
                        "orderId": order.id,
                        "platform": store.account.platform,
                        "store": store.account.code,
                        "marketplace": order.market.code,
                        "marketplaceId": order.market.id,
                        "currency": order.market.currency,
                        "status": version.status.value,
                        "fulfilledBy": "AMAZON" if order.fba else "MERCHANT",
                        "createdTime": iso(order.created),
                        "lastUpdatedTime": iso(version.at),
                        "searchable": iso(order.versions[shown].at) if shown >= 0 else None,
                        "lines": [
                            {
                                "orderItemId": line.item_id,
                                "sellerSku": line.listing.seller_sku,
                                "masterSku": line.listing.product.sku,
                                "readable": line.listing.readable,
                                "quantityOrdered": version.ordered[place],
                                "quantityShipped": version.shipped[place],
                            }
                            for place, line in enumerate(order.lines)
                        ],
                    }
                )
        return {"at": iso(at), "count": len(orders), "orders": orders}

    def _world_settlements(self) -> Json:
        """Tell every settlement reported by now, with its total, its parts and its unknown fees."""
        now = self._clock.now()
        found = [
            _settlement(settlement)
            for store in self._world.reach(now).stores
            for settlement in self._settlements.reported(store.account, now)
        ]
        return {"at": iso(now), "count": len(found), "settlements": found}

    def _world_products(self) -> Json:
        """Tell every product with its master SKU and the listings that sell it."""
        listings: dict[str, list[Json]] = {}
        for store in self._world.stores:
            for listing in store.listings:
                listings.setdefault(listing.product.sku, []).append(
                    {
                        "platform": store.account.platform,
                        "store": store.account.code,
                        "sellerSku": listing.seller_sku,
                        "fulfilledBy": "AMAZON" if listing.fba else "MERCHANT",
                        "readable": listing.readable,
                    }
                )
        products = [
            {
                "masterSku": product.sku,
                "title": product.title,
                "category": product.category,
                "asin": product.asin,
                "costUsd": f"{product.cost / 100:.2f}",
                "weightGrams": product.weight,
                "demandClass": product.demand_class,
                "listings": listings.get(product.sku, []),
            }
            for product in self._world.products
        ]
        return {"count": len(products), "products": products}


def _settlement(settlement: Settlement) -> Json:
    market = settlement.market
    postings = [p for t in settlement.transactions for entry in t.entries for p in entry.postings]
    unknown = [amount for _, label, amount in postings if label == UNKNOWN_LABEL]
    reserves = sum(1 for amount in (settlement.previous_reserve, settlement.reserve) if amount)
    return {
        "settlementId": settlement.id,
        "store": settlement.account.code,
        "marketplace": market.code,
        "marketplaceId": market.id,
        "currency": market.currency,
        "start": iso(settlement.start),
        "end": iso(settlement.end),
        "deposited": iso(settlement.deposited),
        "reported": iso(settlement.reported),
        "total": market.text(settlement.total),
        "previousReserve": market.text(settlement.previous_reserve),
        "reserve": market.text(settlement.reserve),
        "unknownFees": market.text(sum(unknown)),
        "unknownLines": len(unknown),
        "lines": len(postings) + reserves,
    }


def _reader(read: Callable[[Request], Json]) -> Callable[[Request], Response]:
    def endpoint(request: Request) -> Response:
        return _checked(lambda: read(request))

    return endpoint


def _writer(write: Callable[[Json], Json]) -> Callable[[Request], Response]:
    async def endpoint(request: Request) -> Response:
        content = await request.body()
        return _checked(lambda: write(json.loads(content or b"{}")))

    return endpoint  # type: ignore[return-value]


def _checked(work: Callable[[], Json]) -> Response:
    try:
        return JSONResponse(work())
    except (ValueError, KeyError, TypeError) as problem:
        return JSONResponse({"error": str(problem)}, status_code=400)
