"""The sandbox as a process: options, port file, the life of its clock, its parent, and paths that lead nowhere."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from linkstar_pipelines.sandbox.clock import Clock
from linkstar_pipelines.sandbox.options import parse_options
from linkstar_pipelines.sandbox.world.instants import HOUR, parse
from tests.sandbox.support import ORDERS, Wire
from tests.support import project_root, running_sandbox

MODULE = [sys.executable, "-m", "linkstar_pipelines.sandbox"]
TINY = ("--orders-per-day", "2", "--products", "10", "--rate-scale", "100000")
STARTER = """
import subprocess, sys, time
from pathlib import Path
process = subprocess.Popen([sys.executable, "-m", "linkstar_pipelines.sandbox", *sys.argv[2:]])
while not Path(sys.argv[1]).exists():
    time.sleep(0.02)
"""


def test_the_port_file_says_where_it_listens_and_as_which_process(tmp_path: Path) -> None:
    port_file = tmp_path / "not" / "there" / "port.json"
    process = subprocess.Popen([*MODULE, *TINY, "--port-file", str(port_file)], cwd=project_root())
    try:
        while not port_file.exists():
            assert process.poll() is None
            time.sleep(0.02)
        told = json.loads(port_file.read_text())
        assert told["pid"] == process.pid
        assert httpx.get(f"{told['url']}/_control/health").json()["pid"] == process.pid
        assert [path.name for path in port_file.parent.iterdir()] == ["port.json"]
    finally:
        process.terminate()
        assert process.wait(timeout=20) is not None


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    port_file = tmp_path / "port.json"
    flags = [*TINY, "--port-file", str(port_file), "--exit-with-parent"]
    subprocess.run([sys.executable, "-c", STARTER, str(port_file), *flags], cwd=project_root(), check=True, timeout=60)
    pid = json.loads(port_file.read_text())["pid"]
    for _ in range(500):
        if not Path(f"/proc/{pid}").exists() or "(zombie)" in Path(f"/proc/{pid}/status").read_text():
            break
        time.sleep(0.04)
    else:
        os.kill(pid, 9)
        pytest.fail("the sandbox outlived its parent by 20 s")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--clock", "tomorrow"], "clock 'tomorrow' is neither frozen:<ISO instant> nor live:<speed above 0>"),
        (["--clock", "frozen:soon"], "clock 'frozen:soon' cannot be read"),
        (["--fault", "eror_500=0.2"], "fault 'eror_500' unknown; there are all, quota_429"),
        (["--fault", "all=2"], "fault all: probability 2.0 is not within 0 and 1"),
        (["--fault", "all"], "fault 'all' is not of the form NAME=PROBABILITY"),
        (["--accounts", "NA,XX"], "--accounts: XX unknown; there are NA, EU, FE"),
        (["--closes", "never"], "Invalid isoformat string: 'never'"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(
    flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options(flags)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_live_clock_runs_and_a_killed_sandbox_comes_back_no_earlier(tmp_path: Path) -> None:
    start = parse("2026-05-24T00:00:00Z")
    clock = Clock.from_text("live:86400", start, tmp_path)
    first = clock.now()
    while clock.now() == first:
        time.sleep(0.001)
    last = clock.now()
    assert last > first >= start
    assert Clock.from_text("live:1", start, tmp_path).now() >= last


def test_a_live_clock_can_be_moved_ahead_and_remembers_it(tmp_path: Path) -> None:
    start = parse("2026-05-24T00:00:00Z")
    clock = Clock.from_text("live:1", start, tmp_path)
    clock.move_to(start + 5 * HOUR)
    assert Clock.from_text("live:1", start, tmp_path).now() >= start + 5 * HOUR
    with pytest.raises(ValueError, match="does not run backwards"):
        clock.move_to(start)


def test_an_endless_live_world_gets_new_orders(tmp_path: Path) -> None:
    live = ("--clock", "live:1000000", "--closes", "none")
    with running_sandbox(tmp_path, *TINY, *live) as url:
        wire = Wire(url)
        before = set(wire.truth())
        for _ in range(200):
            if set(wire.truth()) > before:
                break
            time.sleep(0.02)
        else:
            pytest.fail("no new order within 200 looks")


def test_an_unknown_path_and_a_wrong_method_are_answered_in_amazon_s_envelope(small_url: str) -> None:
    for method, path, status, code in (
        ("GET", "/orders/v9/orders", 404, "NotFound"),
        ("DELETE", ORDERS, 405, "InvalidInput"),
    ):
        answer = httpx.request(method, small_url + path)
        assert answer.status_code == status
        assert answer.json()["errors"][0]["code"] == code
        assert answer.headers["x-amzn-requestid"]
