"""A streaming standby of a private PostgreSQL, which can be promoted."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg

from ops import command_settings
from ops.services.ports import LOOPBACK
from ops.services.postgres import Postgres
from ops.services.postgres_binaries import Installation
from ops.services.process import Job, Process

_REQUIRE_STANDBY = "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'"
_FIND_STREAMING_STANDBY = "SELECT FROM pg_stat_replication WHERE state = 'streaming'"


class Standby(Postgres):
    """A synchronous streaming standby of a running primary.

    It is ready when it streams. From then on the primary confirms no commit while this standby is down.
    """

    def __init__(self, home: Path, primary: Postgres, *, log: Path | None = None) -> None:
        password = urlsplit(primary.url).password
        super().__init__(home, database=primary.database, log=log, name="postgres-standby", password=password)
        self._primary = primary

    def wait_until_ready(self) -> None:
        """Wait until it streams, then make commits wait for it; raises DidNotStart."""
        Process.wait_until_ready(self)
        with psycopg.connect(self._primary.url, autocommit=True) as connection:
            connection.execute(_REQUIRE_STANDBY)
            connection.execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Promote it to a primary. Returns when it accepts writes."""
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")

    def _initialise(self, installation: Installation) -> None:
        self._data.mkdir(mode=0o700, exist_ok=True)
        if self._user:
            os.chown(self._data, self._user.pw_uid, self._user.pw_gid)
        primary = urlsplit(self._primary.url)
        source = f"host={primary.hostname} port={primary.port} user={primary.username}"
        copy = [str(installation.directory / "pg_basebackup"), "--pgdata", str(self._data), "--dbname", source]
        following = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast"]
        login = {**command_settings.without_settings(os.environ), "PGPASSWORD": self._password}
        argv = [*copy, *following, "--create-slot", "--slot=standby"]
        Job("pg_basebackup", argv, log=self.log, cwd=self._home, user=self._user, env=login).start()

    def _answers(self) -> bool:
        if not super()._answers():
            return False
        with psycopg.connect(self._primary.url) as connection:
            return connection.execute(_FIND_STREAMING_STANDBY).rowcount > 0


def multi_host_url(servers: Sequence[Postgres]) -> str:
    """The superuser's URL with all these servers; clients use the one that accepts writes."""
    first = urlsplit(servers[0].url)
    hosts = ",".join(LOOPBACK for _ in servers)
    ports = ",".join(str(server.port) for server in servers)
    query = f"host={hosts}&port={quote(ports, safe=',')}&target_session_attrs=read-write"
    login = first.netloc.rpartition("@")[0]
    return first._replace(netloc=f"{login}@", query=query).geturl()
