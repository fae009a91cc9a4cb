"""A private PostgreSQL server: TCP on loopback only, with a password, never as root."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from ops.services import directories, postgres_binaries
from ops.services.ports import LOOPBACK, free_port
from ops.services.postgres_binaries import Installation
from ops.services.process import Job, Process
from ops.services.process_tree import descendants

_NOT_DURABLE = ["-cfsync=off", "-csynchronous_commit=off", "-cfull_page_writes=off"]


class Postgres(Process):
    """PostgreSQL with its data under `home`, kept between starts.

    `url` is the superuser's URL of `database`, which is created if it is missing. `durable=False` is faster, and may
    lose committed data in a power failure; for tests.
    """

    def __init__(
        self,
        home: Path,
        *,
        port: int | None = None,
        database: str = "postgres",
        durable: bool = True,
        log: Path | None = None,
        installation: Installation | None = None,
        name: str = "postgres",
        password: str | None = None,
    ) -> None:
        self._home = directories.make(home)
        self._data = home / "data"
        self._password = password or directories.stored_secret(home / "password")
        self._installation = installation
        self._durable = durable
        self.port = port or free_port()
        self.database = database
        super().__init__(
            name,
            [],
            log=log or home / "postgres.log",
            ready=lambda _: self._answers(),
            cwd=home,
            user=postgres_binaries.unprivileged_user(),
            stop_signal=signal.SIGINT,  # fast: ends sessions instead of waiting for them
            parent_death_signal=signal.SIGINT,
        )

    @property
    def url(self) -> str:
        """The superuser's URL of `database`."""
        return self.url_of(self.database)

    def url_of(self, database: str) -> str:
        """The superuser's URL of another database on this server."""
        return f"postgresql://postgres:{self._password}@{LOOPBACK}:{self.port}/{database}"

    def launch(self) -> None:
        """Start the server; initialises the data directory the first time."""
        installation = self._installation or postgres_binaries.choose(data_version=self._data_version())
        installation = installation.readable_by(self._user, home=self._home)
        if not self._data_version():
            self._initialise(installation)
        self.argv = [
            str(installation.directory / "postgres"),
            *("-D", str(self._data), "-p", str(self.port), "-h", LOOPBACK),
            "-cunix_socket_directories=",
            "-cmax_connections=200",
            *([] if self._durable else _NOT_DURABLE),
        ]
        super().launch()

    def wait_until_ready(self) -> None:
        """Wait until `database` can be used; raises DidNotStart."""
        super().wait_until_ready()
        create_database(self.url_of("postgres"), self.database)

    def _signal_group(self, number: signal.Signals) -> None:
        """Signal the backends, too: each of PostgreSQL's processes is in a separate process group."""
        backends = descendants(self.pid) if self.pid else []
        super()._signal_group(number)
        for pid in backends:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _data_version(self) -> int | None:
        version = self._data / "PG_VERSION"
        return int(version.read_text()) if version.exists() else None

    def _initialise(self, installation: Installation) -> None:
        password = self._home / "password"
        if self._user:
            self._data.mkdir(mode=0o700, exist_ok=True)
            os.chown(self._data, self._user.pw_uid, self._user.pw_gid)
            os.chown(password, self._user.pw_uid, self._user.pw_gid)
        with_password = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password}"]
        argv = [str(installation.directory / "initdb"), "-D", str(self._data), *with_password]
        locale = ["--encoding=UTF8", "--locale=C.UTF-8"]
        Job("initdb", [*argv, *locale], log=self.log, cwd=self._home, user=self._user).start()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url_of("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def create_database(superuser_url: str, name: str, *, template: str = "template1") -> None:
    """Create the database as a copy of the template, unless it exists."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))


def drop_database(superuser_url: str, name: str) -> None:
    """Drop the database if it exists, and terminate its sessions."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def with_login(url: str, *, database: str | None = None, user: str | None = None, password: str = "") -> str:
    """The URL with another database or another login."""
    parts = make_url(url).set(database=database)
    changed = parts.set(username=user, password=password) if user else parts
    return changed.render_as_string(hide_password=False)
