"""The server process: listens, tells where, and ends when asked or when its parent is gone.

Here: uvicorn, the port file, the watch over the parent. Not here: routes (see `app`), options (see `options`).
"""

import json
import os
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from linkstar_pipelines.sandbox.app import make_app
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.transport import BreakableProtocol

PARENT_POLL_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox until it is told to stop; returns the exit code."""
    parent = os.getppid()
    options = parse_options(arguments)
    app = make_app(options)
    listener = socket.create_server((options.host, options.port), backlog=512)
    url = f"http://{options.host}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        app, http=BreakableProtocol, log_level="warning", access_log=False, date_header=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    if options.exit_with_parent:
        threading.Thread(target=_follow, args=(server, parent), daemon=True).start()
    if options.port_file:
        _tell(options.port_file, url)
    print(f"sandbox listens on {url}", flush=True)  # noqa: T201 - the one line a person who starts it needs
    server.run(sockets=[listener])
    return 0


def _tell(port_file: Path, url: str) -> None:
    """Write the port file in one step: a reader sees all of it or nothing."""
    spare = port_file.with_name(f".{port_file.name}.{os.getpid()}")
    port_file.parent.mkdir(parents=True, exist_ok=True)
    spare.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    spare.replace(port_file)


def _follow(server: uvicorn.Server, parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_SECONDS)
    server.should_exit = True
