"""`linkstar receive`: the process that takes in push notifications, over HTTP and from message queues.

Belongs here: which stores it receives for, and the web server.
Does not belong here: the addresses (`push_app.py`), the queues (`push_queues.py`), or what proves a notification
(`connectors/pushes.py`).
"""

import logging
import threading
from typing import Final

import uvicorn
from rich.console import Console

from linkstar_pipelines.connectors.http import HttpCore
from linkstar_pipelines.connectors.registry import platform_named
from linkstar_pipelines.operations.push_app import PushApp, Stores
from linkstar_pipelines.operations.push_queues import PushQueues
from linkstar_pipelines.settings import ConfigurationError, Settings, StoreSettings, load_settings

_TIMEOUT_SECONDS: Final = 40.0  # queues let wait 20 s for a message

log = logging.getLogger(__name__)


def receive(console: Console, host: str, port: int) -> int:
    """Receive until told to stop.

    Raises:
        ConfigurationError: no store is connected.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    settings = load_settings()
    stores = connected(settings)
    if not stores:
        raise ConfigurationError("No store is connected, so nothing can be received. Connect one first.")
    http = HttpCore.of(settings, timeout=max(settings.http_timeout_seconds, _TIMEOUT_SECONDS))
    stop = threading.Event()
    queues = PushQueues(http, stores)
    app = PushApp(http, stores, settings.push_url).routes()
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False))
    try:
        queues.start(stop)
        _announce(console, settings, stores, queues, f"http://{host}:{port}")
        server.run()
    finally:
        stop.set()  # a thread that still waits for its queue ends with the process: what it took comes again
        http.call_log.flush()
    return 0


def connected(settings: Settings) -> Stores:
    """Return the connected stores by platform; one whose settings are not complete is named in the log and left out."""
    found: dict[str, dict[str, StoreSettings]] = {}
    for name, platform in settings.stores.items():
        try:
            found.setdefault(platform, {})[name] = platform_named(platform).store.load(name)
        except ConfigurationError as error:
            log.error("nothing is received for %s store '%s': %s", platform, name, error)  # noqa: TRY400
    return {platform: stores for platform, stores in found.items() if stores}


def _announce(console: Console, settings: Settings, stores: Stores, queues: PushQueues, url: str) -> None:
    base = settings.push_url.rstrip("/") or url
    for platform, named in stores.items():
        for name in named if platform_named(platform).queue is None else ():
            console.print(f"{base}/push/{platform}/{name}", highlight=False, soft_wrap=True)
    for address in queues.urls:
        console.print(f"queue {address}", highlight=False, soft_wrap=True)
    console.print(f"Listening on {url}. Ctrl-C stops.", highlight=False)
