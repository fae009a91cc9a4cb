"""A real PgBouncer in transaction mode, between the tests and PostgreSQL."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from ops.services import directories, ports
from ops.services.postgres_binaries import unprivileged_user
from ops.services.process import Process
from ops.services.readiness import tcp

SERVER_CONNECTIONS = 3
"""For each login: far fewer than the clients, so that they share them."""

_SETTINGS = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = plain
auth_file = {logins}
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 200
"""


def installed() -> str | None:
    """The program, where it is installed."""
    return shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def running_pgbouncer(*database_urls: str) -> Iterator[list[str]]:
    """The same URLs, through a PgBouncer that logs in to PostgreSQL as their logins."""
    with directories.temporary("orderx-pgbouncer-") as directory, _running(directory, *database_urls) as through:
        yield through


@contextmanager
def _running(directory: Path, *database_urls: str) -> Iterator[list[str]]:
    urls = [make_url(url) for url in database_urls]
    own_port = ports.free_port()
    logins = directory / "logins"
    logins.write_text("".join(f'"{url.username}" "{url.password}"\n' for url in urls))
    settings = directory / "pgbouncer.ini"
    settings.write_text(
        _SETTINGS.format(
            host=urls[0].host, port=urls[0].port, own_port=own_port, logins=logins, pool_size=SERVER_CONNECTIONS
        )
    )
    user = unprivileged_user()
    if user:
        for path in (directory, logins, settings):
            os.chown(path, user.pw_uid, user.pw_gid)
    argv = [str(installed()), str(settings)]
    with Process("pgbouncer", argv, log=directory / "pgbouncer.log", user=user, ready=tcp(own_port)):
        through = [url.set(host="127.0.0.1", port=own_port) for url in urls]
        yield [url.render_as_string(hide_password=False) for url in through]
