# SPDX-License-Identifier: EUPL-1.2
"""A PostgreSQL server with TimescaleDB from the private root, and its one database."""

import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

from stadttakt_local.errors import StackError
from stadttakt_local.layout import inside
from stadttakt_local.server import Server

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    # Nothing here runs as a TimescaleDB job, and its schedulers keep databases from being copied.
    "timescaledb.max_background_workers": "0",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # One machine carries broker, services and tests besides.
    "shared_buffers": "512MB",
    "effective_cache_size": "4GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "min_wal_size": "128MB",
    "wal_compression": "lz4",
    "checkpoint_timeout": "15min",
    "max_worker_processes": "16",
    # What a service acknowledged to the broker must survive a crash of the database.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}
_CREATE = """
SELECT format('CREATE ROLE stadttakt LOGIN CREATEROLE PASSWORD %L', :'password')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stadttakt') \\gexec
SELECT 'CREATE DATABASE stadttakt OWNER stadttakt'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'stadttakt') \\gexec
\\connect stadttakt
CREATE EXTENSION IF NOT EXISTS timescaledb;
"""


class Postgres(Server):
    """A PostgreSQL server with the database `stadttakt`, owned by the role of that name."""

    name = "postgres"
    user = "postgres"
    stop_signal = signal.SIGINT
    orphan_signal = signal.SIGQUIT

    @property
    def url(self) -> str:
        """The URL of the database for the platform's own role."""
        return self._url("stadttakt", self._password("stadttakt"), "stadttakt")

    @property
    def admin_url(self) -> str:
        """The URL of the same database for the superuser."""
        return self._url("postgres", self._password("postgres"), "stadttakt")

    def prepare(self) -> None:
        """Create the cluster if there is none, and forget the pid that a crash left behind."""
        if not (self.workdir / "PG_VERSION").exists():
            self._create_cluster()
        # After a crash the pid may belong to a server on another folder, which PostgreSQL takes for its own;
        # that no process works in this folder was checked before.
        (self.workdir / "postmaster.pid").unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Return the server's command line."""
        data = inside(self.root, self.workdir)
        # Given at each start, so that a cluster of an earlier version runs with the settings of this one.
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        return [self._program("postgres"), "-D", data, "-p", str(self.port), "-k", data, *settings]

    def answers(self) -> bool:
        """Tell whether the server of this start accepts connections."""
        try:
            lines = (self.workdir / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(self.pid) and lines[7:8] != [] and lines[7].strip() == "ready"

    def wait_ready(self, timeout_s: float = 60) -> None:
        """Wait until the server accepts connections and its database exists."""
        super().wait_ready(timeout_s)
        created = self.data_dir / "created"
        if not created.exists():
            self._psql(_CREATE, password=self._password("stadttakt"))
            created.touch()

    def _create_cluster(self) -> None:
        # An initdb that was interrupted leaves a folder that it then refuses.
        unfinished = self.data_dir / "work.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.own(unfinished)
        password = self.data_dir / "initdb.password"
        _write_private(password, self._password("postgres"))
        self.own(password)
        with self.log_file.open("ab") as log:
            outcome = subprocess.run(
                self._initdb(unfinished, password), stdout=log, stderr=log, check=False
            )
        password.unlink()
        if outcome.returncode != 0:
            raise StackError(f"initdb failed: {self._last_lines()}", f"See {self.log_file}.")
        unfinished.rename(self.workdir)

    def _initdb(self, target: Path, password: Path) -> list[str]:
        return [
            *(
                "chroot",
                str(self.root),
                "setpriv",
                "--reuid=postgres",
                "--regid=postgres",
                "--init-groups",
            ),
            *("env", "-i", "PATH=/usr/bin", "TZ=UTC", self._program("initdb")),
            *("--pgdata", inside(self.root, target), "--pwfile", inside(self.root, password)),
            *("--auth=scram-sha-256", "--locale=C.UTF-8", "--encoding=UTF8", "--data-checksums"),
        ]

    def _psql(self, script: str, **variables: str) -> None:
        given = "".join(f"\\set {name} '{value}'\n" for name, value in variables.items())
        environment = [
            "env",
            "-i",
            "PATH=/usr/bin",
            f"PGPASSFILE={inside(self.root, self._passfile())}",
        ]
        server = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", "postgres"]
        command = [
            "chroot",
            str(self.root),
            *environment,
            self._program("psql"),
            "-qX",
            "-v",
            "ON_ERROR_STOP=1",
            *server,
        ]
        outcome = subprocess.run(
            command, input=given + script, capture_output=True, text=True, check=False
        )
        if outcome.returncode != 0:
            raise StackError(
                f"Creating the database failed: {outcome.stderr.strip()}", f"See {self.log_file}."
            )

    def _passfile(self) -> Path:
        path = self.data_dir / "pgpass"
        if not path.exists():
            _write_private(path, f"127.0.0.1:*:*:postgres:{self._password('postgres')}\n")
        return path

    def _password(self, role: str) -> str:
        path = self.data_dir / f"{role}.password"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_private(path, secrets.token_urlsafe(24))
        return path.read_text()

    def _program(self, program: str) -> str:
        found = sorted((self.root / "usr/lib/postgresql").glob(f"*/bin/{program}"))
        return inside(self.root, found[-1])

    def _url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{quote(password)}@127.0.0.1:{self.port}/{database}"


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
