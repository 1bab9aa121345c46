"""The bench: what a platform's side of the sandbox is built from.

Here: the world, the clock, the faults and the log that all platforms share.
Not here: any platform.
"""

from dataclasses import dataclass, field

from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.faults import FaultDesk
from linkstar_pipelines.sandbox.gateway import Dialect, ExchangeLog, Gateway
from linkstar_pipelines.sandbox.options import Options
from linkstar_pipelines.sandbox.paging import TokenBook
from linkstar_pipelines.sandbox.search import SearchIndex
from linkstar_pipelines.sandbox.world.accounts import Account
from linkstar_pipelines.sandbox.world.engine import World
from linkstar_pipelines.sandbox.world.settlements import SettlementBook


@dataclass(frozen=True)
class Bench:
    """All that the platforms share.

    Attributes:
        push_urls: Address that an account's notifications go to, by account code: some platforms sign it.
    """

    options: Options
    clock: Clock
    world: World
    settlements: SettlementBook
    faults: FaultDesk
    index: SearchIndex
    tokens: TokenBook
    log: ExchangeLog
    push_urls: dict[str, str] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """The seed of the world."""
        return self.options.world.seed

    def accounts(self, platform: str) -> list[Account]:
        """List the trading accounts of a platform."""
        return [store.account for store in self.world.stores if store.account.platform == platform]

    def gateway(self, dialect: Dialect, prefix: str) -> Gateway:
        """Make the gateway of a platform; `prefix` stands before its operations in the log."""
        return Gateway(dialect, self.clock, self.faults, self.log, prefix)
