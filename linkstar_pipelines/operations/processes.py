"""Child processes of the command line: started in sessions of their own, ended together, never left behind.

Belongs here: starting, watching and ending processes, and free ports.
Does not belong here: which processes there are (`up.py`, `demo.py`).
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_GRACE_SECONDS: Final = 15.0


class ProcessFailedError(Exception):
    """A process that is needed did not start or ended by itself; the message names its log."""


def _die_with_parent() -> None:
    """Linux: end with the parent even if that is killed with -9."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def start(command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
    """Start a process that writes to a log file and is not reached by the terminal's Ctrl-C."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # no threads yet
        )


def stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End processes in reverse order: politely first, then by force; their children go with them."""
    for process in reversed(processes):
        _signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    for process in reversed(processes):
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal_group(process, signal.SIGKILL)
            process.wait()
        _signal_group(process, signal.SIGKILL)  # a grandchild that outlived its parent


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def free_port(wanted: int) -> int:
    """The wanted port if nobody listens there, else any free one."""
    for candidate in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ProcessFailedError("No free port on 127.0.0.1.")


@contextmanager
def sandbox(folder: Path, flags: Sequence[str]) -> Iterator[str]:
    """Run the simulated platforms in a process of their own; yields their URL.

    Raises:
        ProcessFailedError: it did not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port_file, log = folder / "port.json", folder / "sandbox.log"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "linkstar_pipelines.sandbox", "--port-file", str(port_file), "--exit-with-parent"]
    process = start([*command, *flags], log)
    try:
        deadline = time.monotonic() + 60
        while not port_file.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ProcessFailedError(f"The sandbox did not start. Its log: {log}")
            time.sleep(0.05)
        yield str(json.loads(port_file.read_text())["url"])
    finally:
        stop([process])
