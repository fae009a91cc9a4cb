"""The servers that all contestants share, and a fresh copy of the seeded database for each run."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import psycopg

from bench.scene import Scene, environment
from bench.seed import seed
from migrations import run as migrations
from ops.services import directories
from ops.services.ports import LOOPBACK, free_port
from ops.services.postgres import Postgres, create_database, drop_database, with_login
from ops.services.process import Process
from ops.services.rabbitmq import RabbitMQ
from ops.services.readiness import Ready, tcp
from ops.services.supervisor import Supervisor
from ops.services.valkey import Valkey
from ops.stack import NICE, Stack

TEMPLATE = "bench_template"
_LOGINS = {"ORDERX_DATABASE_URL": "bench_app", "ORDERX_OPERATOR_DATABASE_URL": "bench_operator"}
_LOGIN_PASSWORD, _SECRET_KEY = "bench", "only for the bench: thirty-two characters"

# Commit times are how an order's latency is told, the same way for everybody; statements are counted in phases that
# are not timed for throughput. Everything else, durability above all, is PostgreSQL's default.
_SERVER_SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "track_commit_timestamp": "on",
}


class Stage:
    """A durable PostgreSQL, RabbitMQ, Valkey, the payment sandbox and the mail inbox, under `home`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.logs = directories.make(home / "logs")
        self.postgres = Postgres(home / "postgres", durable=True, log=self.logs / "postgres.log")
        self.rabbitmq = RabbitMQ(home / "rabbitmq", log=self.logs / "rabbitmq.log")
        self.valkey = Valkey(home / "valkey", log=self.logs / "valkey.log")
        self._sandbox_port, self._smtp_port, self._inbox_port = free_port(), free_port(), free_port()
        self.mails = home / "mail"
        where = ("--port", self._sandbox_port, "--ledger", home / "sandbox.db")
        self.sandbox = self._orderx("sandbox", *where, ready=tcp(self._sandbox_port))
        ports = ("--smtp-port", self._smtp_port, "--http-port", self._inbox_port, "--maildir", self.mails)
        self.inbox = self._orderx("inbox", *ports, ready=tcp(self._smtp_port))
        self._supervisor = Supervisor([[self.postgres, self.rabbitmq, self.valkey, self.sandbox, self.inbox]])

    @property
    def servers(self) -> dict[str, Process]:
        """By the name under which a contestant says that it uses one."""
        return {process.name: process for process in self._supervisor.processes}

    @contextmanager
    def open(self) -> Iterator["Stage"]:
        """Start everything and stop it at the end."""
        self._supervisor.start()
        try:
            self._configure()
            yield self
        finally:
            self._supervisor.stop()

    @cached_property
    def superuser(self) -> psycopg.Connection:
        """A connection to the server for settings and counters, outside of any measured database."""
        return psycopg.connect(self.postgres.url_of("postgres"), autocommit=True)

    def _configure(self) -> None:
        with psycopg.connect(self.postgres.url_of("postgres"), autocommit=True) as connection:
            for name, value in _SERVER_SETTINGS.items():
                connection.execute(f"ALTER SYSTEM SET {name} = {value}")
        self.postgres.stop()
        self.postgres.start()
        self.superuser.execute("CREATE EXTENSION pg_stat_statements")
        self.track_statements("none")
        create_database(self.postgres.url_of("postgres"), TEMPLATE)
        settings = self.settings(TEMPLATE)
        migrations.upgrade(
            owner_url=settings["ORDERX_OWNER_DATABASE_URL"],
            app_url=settings["ORDERX_DATABASE_URL"],
            operator_url=settings["ORDERX_OPERATOR_DATABASE_URL"],
        )
        seed(self.postgres.url_of(TEMPLATE))

    def settings(self, database: str) -> dict[str, str]:
        """OrderX's settings as its own stack makes them, for a database of ours and the servers here."""
        owner = self.postgres.url_of(database)
        logins = {name: with_login(owner, user=login, password=_LOGIN_PASSWORD) for name, login in _LOGINS.items()}
        ours = {"ORDERX_OWNER_DATABASE_URL": owner, **logins, "ORDERX_BROKER_URL": self.rabbitmq.url}
        return {**Stack(self.home / "stack", usual_ports=False).env, **ours, **self._stand_ins()}

    def _stand_ins(self) -> dict[str, str]:
        return {
            "ORDERX_PAYMENT_API_BASE": f"http://{LOOPBACK}:{self._sandbox_port}",
            "ORDERX_PAYMENT_API_KEY": "sk_test_bench",
            "ORDERX_SMTP_URL": f"smtp://{LOOPBACK}:{self._smtp_port}",
        }

    def _orderx(self, name: str, *options: object, ready: Ready) -> Process:
        argv = [sys.executable, "-m", "ops.cli", name, *map(str, options)]
        log, env = self.logs / f"{name}.log", environment(self._stand_ins())
        return Process(name, argv, log=log, env=env, ready=ready, nice=NICE.get(name, 0))

    @contextmanager
    def scene(self, name: str) -> Iterator[Scene]:
        """A fresh copy of the seeded database, checkpointed, for one run of one contestant."""
        database = f"bench_{name}"
        drop_database(self.postgres.url_of("postgres"), database)
        create_database(self.postgres.url_of("postgres"), database, template=TEMPLATE)
        self.superuser.execute("CHECKPOINT")
        try:
            yield Scene(
                name=name,
                logs=self.logs,
                database_url=self.postgres.url_of(database),
                rabbitmq_url=self.rabbitmq.url,
                valkey_url=self.valkey.url,
                env=self.settings(database),
                mails=self.mails,
            )
        finally:
            drop_database(self.postgres.url_of("postgres"), database)

    def track_statements(self, which: str) -> None:
        """Count every client's statements from now on (`top`), or nobody's (`none`)."""
        self.superuser.execute(f"ALTER SYSTEM SET pg_stat_statements.track = '{which}'")
        self.superuser.execute("SELECT pg_reload_conf()")

    def versions(self) -> dict[str, str]:
        """Of the servers."""
        row = self.superuser.execute("SHOW server_version").fetchone()
        assert row
        return {"postgresql": row[0], "rabbitmq": self.rabbitmq.ctl("version").strip()}
