"""The embedded server: starts for anyone, is shared, stops with its last user, and recovers from any kill."""

import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from linkstar_pipelines.storage.embedded import EmbeddedPostgres, PostgresUnavailableError
from tests.storage.support import finish, running, start

USER = """
import sys
from pathlib import Path
from linkstar_pipelines.storage.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.acquire()
print("ready", flush=True)
sys.stdin.readline()
server.release()
print(server.accepts_connections())
"""
ORDINARY_USER = """
import os, sys
from pathlib import Path
import psycopg
from linkstar_pipelines.storage.embedded import EmbeddedPostgres
folder, uid, gid = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
os.setgroups([]); os.setgid(gid); os.setuid(uid)  # for good: no way back to root
server = EmbeddedPostgres(folder)
with psycopg.connect(server.acquire()) as connection:
    print(connection.execute("SELECT 'it works'").fetchone()[0], os.geteuid(), server.data.stat().st_uid)
server.release()
"""


def postmaster(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().split("\n", 1)[0])


def kill(server: EmbeddedPostgres) -> int:
    """Kill the server and nothing else, as if the machine's memory had run out."""
    pid = postmaster(server)
    os.kill(pid, signal.SIGKILL)
    return pid


def keep(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def kept(url: str) -> int:
    with psycopg.connect(url) as connection:
        ((answer,),) = connection.execute("SELECT answer FROM kept").fetchall()
    return int(answer)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedPostgres:
    """A server that was started once, holds one row, and was stopped."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("embedded") / "postgres")
    keep(server.acquire())
    server.release()
    return server


@pytest.fixture
def server(made: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    """That server, stopped before and after the test."""
    assert not made.accepts_connections()
    yield made
    made.release()


def test_a_stopped_server_keeps_its_data_and_a_private_folder(server: EmbeddedPostgres) -> None:
    assert kept(server.acquire()) == 42
    assert server.folder.stat().st_mode & 0o077 == 0


def test_it_listens_on_no_network_port(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.acquire()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchall() == [("",)]


def test_an_ordinary_user_starts_a_server_of_his_own() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become another user; the other tests ran as an ordinary one")
    nobody = pwd.getpwnam("nobody")
    folder = Path(tempfile.mkdtemp(prefix="linkstar-"))  # pytest's own folder is closed to other users
    try:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        (words,) = finish([start(ORDINARY_USER, folder / "postgres", nobody.pw_uid, nobody.pw_gid)])
    finally:
        shutil.rmtree(folder)
    assert words.split() == ["it", "works", str(nobody.pw_uid), str(nobody.pw_uid)]


def test_two_processes_share_one_server_and_the_last_one_stops_it(server: EmbeddedPostgres) -> None:
    with running(USER, server.folder) as first:
        pid = postmaster(server)
        with running(USER, server.folder) as second:
            assert postmaster(server) == pid
            assert second.communicate("go\n")[0].strip() == "True"
        assert kept(server.url) == 42
        assert first.communicate("go\n")[0].strip() == "False"


def test_a_killed_user_does_not_keep_the_server_running(server: EmbeddedPostgres) -> None:
    with running(USER, server.folder) as killed:
        killed.kill()
        killed.wait()
    server.acquire()
    server.release()
    assert not server.accepts_connections()


def test_after_kill_9_of_the_server_the_next_user_starts_it_with_its_data(server: EmbeddedPostgres) -> None:
    connection = psycopg.connect(server.acquire())  # its backend outlives the server for a moment
    pid = kill(server)
    server.release()
    assert kept(server.acquire()) == 42
    assert postmaster(server) != pid
    connection.close()


def test_a_process_that_uses_the_server_gets_it_back_after_kill_9(server: EmbeddedPostgres) -> None:
    server.acquire()
    kill(server)
    with running(USER, server.folder):
        assert kept(server.url) == 42


def test_a_stale_pid_file_with_the_number_of_another_living_process_is_seen_through(server: EmbeddedPostgres) -> None:
    server.acquire()
    pid_file = server.data / "postmaster.pid"
    stale = pid_file.read_text().split("\n", 1)[1]
    kill(server)
    server.release()
    pid_file.write_text(f"{os.getpid()}\n{stale}")
    assert kept(server.acquire()) == 42


def test_a_stale_pid_file_with_the_number_of_another_postgres_is_seen_through(
    server: EmbeddedPostgres, server_url: str
) -> None:
    with psycopg.connect(server_url) as connection:
        (server.data / "postmaster.pid").write_text(f"{connection.info.backend_pid}\n")
        assert kept(server.acquire()) == 42


def test_a_stale_socket_file_and_its_lock_are_no_obstacle(server: EmbeddedPostgres, server_url: str) -> None:
    with psycopg.connect(server_url) as connection:
        (server.socket_dir / ".s.PGSQL.5432").touch()
        (server.socket_dir / ".s.PGSQL.5432.lock").write_text(f"{connection.info.backend_pid}\n{server.data}\n")
        assert kept(server.acquire()) == 42


@pytest.mark.parametrize("leftover", ["data", "data.new"])
def test_an_interrupted_first_start_is_begun_anew(tmp_path: Path, leftover: str) -> None:
    half_made = tmp_path / "postgres" / leftover
    half_made.mkdir(parents=True)
    (half_made / "postgresql.conf").write_text("half a file")
    server = EmbeddedPostgres(tmp_path / "postgres")
    try:
        with psycopg.connect(server.acquire()) as connection:
            assert connection.execute("SELECT 1").fetchall() == [(1,)]
    finally:
        server.release()


def test_a_folder_too_deep_for_a_socket_gets_a_short_one_elsewhere(made: EmbeddedPostgres, tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20) / "postgres"
    shutil.copytree(made.folder, folder)
    server = EmbeddedPostgres(folder)
    if os.geteuid() == 0:
        owner = made.data.stat()
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
    try:
        assert kept(server.acquire()) == 42
        assert len(str(server.socket_dir)) < 90 < len(str(folder))
    finally:
        server.release()
        shutil.rmtree(server.socket_dir)


def test_a_server_that_cannot_start_says_why_in_its_own_words(made: EmbeddedPostgres, tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(PostgresUnavailableError, match=r"(?s)did not start.*LINKSTAR_POSTGRES_URL"):
        EmbeddedPostgres(folder).acquire()
