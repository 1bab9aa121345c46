"""The message queues that platforms deliver notifications to, each asked in a thread of its own.

Belongs here: asking again and again, and deleting what was kept, never before.
Does not belong here: the calls to a queue (each platform's `queue.py`), or what proves a notification.

A message that is refused or fails stays in the queue: it comes again, and the queue's own rule moves it to a
dead-letter queue in the end.
"""

import logging
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from linkstar_pipelines.connectors.errors import ConnectorError
from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.platform import Platform, Push, PushQueue, PushRefusedError
from linkstar_pipelines.connectors.pushes import take_in
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.settings import StoreSettings

_PAUSE_SECONDS: Final = 15.0  # after a failure
_IDLE_SECONDS: Final = 1.0  # after an empty answer: a queue that does not let wait is not asked without end

log = logging.getLogger(__name__)


class PushQueues:
    """The queues of all stores: each is asked once, however many stores share it.

    Args:
        http: Core with the database that events are kept in.
        stores: Stores by platform and name.
    """

    def __init__(self, http: HttpCore, stores: Mapping[str, Mapping[str, StoreSettings]]) -> None:
        self._http = http
        self._refusals: Counter[str] = Counter()
        self._queues: dict[str, tuple[PushQueue, Platform, list[StoreSettings]]] = {}
        for name, named in stores.items():
            platform = platform_named(name)
            if platform.queue is None:
                continue
            for store in named.values():
                if queue := platform.queue(store, http):
                    self._queues.setdefault(queue.url, (queue, platform, []))[2].append(store)

    @property
    def urls(self) -> Sequence[str]:
        """Addresses of the queues."""
        return list(self._queues)

    def start(self, stop: threading.Event) -> None:
        """Ask every queue in a thread of its own until `stop` is set."""
        for url in self._queues:
            threading.Thread(target=self._follow, args=(url, stop), name=f"queue {url}", daemon=True).start()

    def take(self, url: str) -> int:
        """Take the next messages of a queue, keep what they say, and then delete them.

        Returns:
            How many messages the queue gave.

        Raises:
            ConnectorError: the queue does not answer, or refuses.
            psycopg.Error: the database does not answer: what was taken comes again.
        """
        queue, platform, stores = self._queues[url]
        taken = queue.receive()
        if kept := [queued for queued in taken if self._keep(url, platform, stores, queued.push)]:
            queue.delete(kept)
        return len(taken)

    def _keep(self, url: str, platform: Platform, stores: Sequence[StoreSettings], push: Push) -> bool:
        try:
            take_in(platform, stores, self._http, push)
        except PushRefusedError as error:
            self._refusals[url] += 1
            log.warning("refused a message of %s, number %d since the start: %s", url, self._refusals[url], error)
            return False
        return True

    def _follow(self, url: str, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                if not self.take(url):
                    stop.wait(_IDLE_SECONDS)
            except Exception as error:  # noqa: BLE001  # nothing may end the only one who asks this queue
                # The words of any other error may quote what could not be kept.
                words = str(error) if isinstance(error, ConnectorError) else f"{type(error).__name__} in keeping"
                log.error("%s is asked again in %g s: %s", url, _PAUSE_SECONDS, words)  # noqa: TRY400
                stop.wait(_PAUSE_SECONDS)
