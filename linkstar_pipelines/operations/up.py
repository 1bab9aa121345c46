"""What a user leaves running: web servers, daemon, and the receiver of notifications, or a sandbox for want of a store.

Belongs here: starting them on one shared code server, watching them, and ending all of them together.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import httpx
from rich.console import Console

from linkstar_pipelines.operations import processes, runs, trial
from linkstar_pipelines.settings import Settings, load_settings
from linkstar_pipelines.storage.lake import open_lake
from linkstar_pipelines.storage.postgres import open_postgres

_PORT: Final = 3000
_READ_ONLY_PORT: Final = 3001
_RECEIVER_PORT: Final = 3002
# Three seconds a minute: about two new orders a minute, and months until it meets the present.
_SANDBOX_SPEED: Final = 20


class _StopError(Exception):
    """Somebody asked to stop."""


def up(console: Console) -> int:
    """Start everything, print the URLs, and stay until Ctrl-C."""
    settings = load_settings()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        with ExitStack() as stack:
            open_postgres(settings)
            open_lake(settings)
            urls: dict[str, str | int] = {}
            if trial.is_trial(settings):
                urls["sandbox"] = stack.enter_context(_live_sandbox(settings))
                settings = trial.connect(str(urls["sandbox"]), trial.OPENS)
            children = stack.enter_context(_servers(settings, urls))
            _announce(console, settings, urls)
            stack.callback((settings.data_dir / "up.json").unlink, missing_ok=True)
            _watch(children)
    except _StopError:
        console.print("Stopped.")
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise _StopError


@contextmanager
def _live_sandbox(settings: Settings) -> Iterator[str]:
    folder = settings.data_dir / "sandbox"
    flags = [
        "--clock", f"live:{_SANDBOX_SPEED}", "--start", f"{trial.DEMO_ENDS:%Y-%m-%dT%H:%M:%SZ}", "--closes", "none",
        "--opens", trial.OPENS.isoformat(), "--state-dir", str(folder), "--rate-scale", "100000",
    ]  # fmt: skip
    with processes.sandbox(folder, flags) as url:
        yield url


@contextmanager
def _servers(settings: Settings, urls: dict[str, str | int]) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    home = runs.dagster_home(settings)
    scripts, logs = Path(sys.executable).parent, settings.data_dir / "logs"
    code_port = processes.free_port(4000)
    workspace = home / "workspace.yaml"
    workspace.write_text(
        f"load_from:\n  - grpc_server:\n      host: 127.0.0.1\n      port: {code_port}\n      location_name: linkstar\n"
    )
    port, read_only_port = processes.free_port(_PORT), processes.free_port(_READ_ONLY_PORT)
    commands: dict[str, list[str | Path]] = {
        "code server": [
            scripts / "dagster", "code-server", "start", "-h", "127.0.0.1", "-p", str(code_port),
            "-m", "linkstar_pipelines.definitions", "--location-name", "linkstar",
        ],
        "web server": [scripts / "dagster-webserver", "-h", "127.0.0.1", "-p", str(port), "-w", workspace],
        "read-only web server": [
            scripts / "dagster-webserver", "-h", "127.0.0.1", "-p", str(read_only_port), "-w", workspace, "--read-only",
        ],
        "daemon": [scripts / "dagster-daemon", "run", "-w", workspace],
    }  # fmt: skip
    receiver_port = processes.free_port(_RECEIVER_PORT)
    if "sandbox" not in urls:
        commands["receiver"] = [scripts / "linkstar", "receive", "--port", str(receiver_port)]
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            children[name] = processes.start(command, logs / f"{name.replace(' ', '-')}.log")
            if name == "code server":
                _wait_for_port(code_port, children[name], logs)
        urls["webserver"] = f"http://127.0.0.1:{port}"
        urls["readonly"] = f"http://127.0.0.1:{read_only_port}"
        for url in (urls["webserver"], urls["readonly"]):
            _wait_for_page(f"{url}/server_info", children, logs)
        if "receiver" in children:
            urls["receiver"] = f"http://127.0.0.1:{receiver_port}"
            _wait_for_page(f"{urls['receiver']}/health", children, logs)
        yield children
    finally:
        processes.stop(list(children.values()))


def _wait_for_port(port: int, process: subprocess.Popen[bytes], logs: Path) -> None:
    import socket

    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise processes.ProcessFailedError(f"The code server did not start. Its log: {logs / 'code-server.log'}")


def _wait_for_page(url: str, children: dict[str, subprocess.Popen[bytes]], logs: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        _raise_if_ended(children, logs)
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    raise processes.ProcessFailedError(f"{url} did not answer. The logs: {logs}")


def _raise_if_ended(children: dict[str, subprocess.Popen[bytes]], logs: Path) -> None:
    for name, process in children.items():
        if process.poll() is not None:
            raise processes.ProcessFailedError(
                f"The {name} ended by itself (exit code {process.returncode}). Its log: "
                f"{logs / (name.replace(' ', '-') + '.log')}"
            )


def _announce(console: Console, settings: Settings, urls: dict[str, str | int]) -> None:
    urls["pid"] = os.getpid()
    (settings.data_dir / "up.json").write_text(json.dumps(urls))
    console.print(f"Dagster          {urls['webserver']}")
    console.print(f"for analysts     {urls['readonly']}   (read-only)")
    if "receiver" in urls:
        console.print(f"notifications    {urls['receiver']}   (of the platforms, if they reach it)")
    if "sandbox" in urls:
        console.print(
            f"sandbox          {urls['sandbox']}   (no store is connected: a simulated Amazon, twenty times as fast)"
        )
    console.print(f"logs             {settings.data_dir / 'logs'}\nCtrl-C stops all of it.")


def _watch(children: dict[str, subprocess.Popen[bytes]]) -> None:
    logs = load_settings().data_dir / "logs"
    while True:
        _raise_if_ended(children, logs)
        time.sleep(1)
