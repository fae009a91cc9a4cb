"""The servers that all participants share, and a copy of the seeded database for each run."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import psycopg

from bench.run_environment import RunEnvironment, process_environment
from bench.seed import seed
from migrations import run as migrations
from ops.services import directories
from ops.services.ports import LOOPBACK, free_port
from ops.services.postgres import Postgres, create_database, drop_database, with_login
from ops.services.process import Process
from ops.services.rabbitmq import RabbitMQ
from ops.services.readiness import ReadyCheck, tcp
from ops.services.supervisor import Supervisor
from ops.services.valkey import Valkey
from ops.stack import NICE, Stack

TEMPLATE = "bench_template"
_LOGINS = {"ORDERX_DATABASE_URL": "bench_app", "ORDERX_OPERATOR_DATABASE_URL": "bench_operator"}
_LOGIN_PASSWORD, _SECRET_KEY = "bench", "only for the bench: thirty-two characters"

# Latency is measured by commit timestamps for all participants. Statements are counted in phases that are not timed
# for throughput. All other settings, durability included, are PostgreSQL's defaults.
_SERVER_SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "track_commit_timestamp": "on",
}


class Servers:
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
    def processes(self) -> dict[str, Process]:
        """The server processes by name, as in `Participant.uses`."""
        return {process.name: process for process in self._supervisor.processes}

    @contextmanager
    def running(self) -> Iterator["Servers"]:
        """Start all servers; stop them at the end of the block."""
        self._supervisor.start()
        try:
            self._configure()
            yield self
        finally:
            self._supervisor.stop()

    @cached_property
    def superuser(self) -> psycopg.Connection:
        """A superuser's connection for settings and counters, to a database that is not measured."""
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
        """The settings of OrderX's stack, with this database and these servers."""
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

    def _orderx(self, name: str, *options: object, ready: ReadyCheck) -> Process:
        argv = [sys.executable, "-m", "ops.cli", name, *map(str, options)]
        log, env = self.logs / f"{name}.log", process_environment(self._stand_ins())
        return Process(name, argv, log=log, env=env, ready=ready, nice=NICE.get(name, 0))

    @contextmanager
    def run_environment(self, name: str) -> Iterator[RunEnvironment]:
        """The environment of one run, with a checkpointed copy of the seeded database."""
        database = f"bench_{name}"
        drop_database(self.postgres.url_of("postgres"), database)
        create_database(self.postgres.url_of("postgres"), database, template=TEMPLATE)
        self.superuser.execute("CHECKPOINT")
        try:
            yield RunEnvironment(
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
        """Start (`top`) or stop (`none`) counting the clients' statements."""
        self.superuser.execute(f"ALTER SYSTEM SET pg_stat_statements.track = '{which}'")
        self.superuser.execute("SELECT pg_reload_conf()")

    def versions(self) -> dict[str, str]:
        """The versions of the servers."""
        row = self.superuser.execute("SHOW server_version").fetchone()
        assert row
        return {"postgresql": row[0], "rabbitmq": self.rabbitmq.ctl("version").strip()}
