"""The embedded stack: all processes of OrderX and their servers, on loopback, started by one command."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ops import command_settings, multiprocess_metrics
from ops.services import directories, rabbitmq, valkey
from ops.services.forkserver import ForkedProcess, ForkServer
from ops.services.ports import LOOPBACK, free_port
from ops.services.postgres import Postgres, with_login
from ops.services.process import Job, Process
from ops.services.rabbitmq import RabbitMQ
from ops.services.readiness import ReadyCheck, http, output_contains, tcp
from ops.services.supervisor import Supervisor
from ops.services.valkey import Valkey
from workers import queues

WORKERS = {
    "worker-orders-1": queues.ORDER_QUEUES,
    "worker-orders-2": queues.ORDER_QUEUES,
    "worker-mails": queues.LOW_PRIORITY_QUEUES,
}
"""Workers and their queues. Mails have a separate worker, so that a slow mail server does not delay orders."""

PRELOADED = (
    "workers.run", "workers.outbox.relay", "workers.sweeper", "workers.scheduler", "celery.bin.celery",
    "celery.apps.worker", "celery.worker.components", "kombu.transport.pyamqp", "domain.payments.stripe_gateway",
    "ops.sandbox", "ops.inbox", "api.app",
)  # fmt: skip
"""Modules imported once and shared, copy-on-write, by all processes of OrderX."""

LOGINS = {"ORDERX_DATABASE_URL": "orderx_app_login", "ORDERX_OPERATOR_DATABASE_URL": "orderx_operator_login"}
"""Database logins by setting."""

NICE = {"worker-mails": 10, "scheduler": 10, "inbox": 10, "flower": 10}
"""nice values of processes that no order waits for."""


class Stack(Supervisor):
    """PostgreSQL, a broker, the payment sandbox, the mail inbox, and every process of OrderX.

    ORDERX_OWNER_DATABASE_URL and ORDERX_BROKER_URL replace the private PostgreSQL and broker. `home` contains
    data, logs and generated secrets. `env` contains all ORDERX_* settings; each process gets only those that it reads.
    With `usual_ports` it uses the well-known ports if they are free; otherwise random ones.
    """

    def __init__(self, home: Path, *, usual_ports: bool = True) -> None:
        self.home = directories.make(home)
        self.logs = _make_empty(directories.make(home / "logs"))
        self._metrics = _make_empty(directories.make(home / "metrics"))
        self._temporary = _make_empty(directories.make(home / "tmp"))  # killed processes leave files here
        self._usual_ports = usual_ports
        self.api_url = self._local_url(8000)
        self.flower_url = self._local_url(5555)
        self.inbox_url = self._local_url(8025)
        self.sandbox_url = self._local_url(8026)
        self._smtp_port = self._port(1025)
        self.postgres = self._embedded_postgres()
        self.broker = self._embedded_broker()
        self.rate_limiter = self._embedded_rate_limiter()
        self.env = {**self._database_settings(), **self._other_settings()}
        self._forkserver = ForkServer(PRELOADED, log=self._log("forkserver"), env=self._base_env())
        super().__init__(self._start_waves())

    def _start_waves(self) -> list[list[Process]]:
        limiter = None if self.rate_limiter is self.broker else self.rate_limiter
        servers = [self.postgres, self.broker, limiter, self._forkserver]
        return [
            [process for process in servers if process],
            [self._migrate(), self._sandbox(), self._inbox()],
            [*self._background_processes(), self._api(), self._flower()],
        ]

    @property
    def broker_name(self) -> str:
        """The broker's name, for people."""
        return self.broker.name if self.broker else "ORDERX_BROKER_URL"

    @property
    def rabbitmq(self) -> RabbitMQ | None:
        """The embedded RabbitMQ; None if the stack uses another broker."""
        return self.broker if isinstance(self.broker, RabbitMQ) else None

    def __getitem__(self, name: str) -> Process:
        """The process of this name, such as `worker-mails`."""
        return {process.name: process for process in self.processes}[name]

    def _local_url(self, usual_port: int) -> str:
        return f"http://{LOOPBACK}:{self._port(usual_port)}"

    def _port(self, usual: int) -> int:
        return free_port(usual if self._usual_ports else None)

    def _embedded_postgres(self) -> Postgres | None:
        if "ORDERX_OWNER_DATABASE_URL" in os.environ:
            return None
        return Postgres(self.home / "postgres", database="orderx", log=self._log("postgres"))

    def _embedded_broker(self) -> RabbitMQ | Valkey | None:
        if "ORDERX_BROKER_URL" in os.environ:
            return None
        if rabbitmq.start_script():
            return RabbitMQ(self.home / "rabbitmq", management=True, log=self._log("rabbitmq"))
        return Valkey(self.home / "valkey", log=self._log("valkey"))

    def _embedded_rate_limiter(self) -> Valkey | None:
        """The Valkey for rate limits: the broker's if that is one, otherwise a separate one, if installed."""
        if "ORDERX_RATE_LIMIT_URL" in os.environ:
            return None
        if isinstance(self.broker, Valkey):
            return self.broker
        return Valkey(self.home / "valkey", log=self._log("valkey")) if valkey.is_installed() else None

    def _database_settings(self) -> dict[str, str]:
        owner = self._owner_url()
        from_env = {} if self.postgres else {name: os.environ[name] for name in LOGINS if name in os.environ}
        return {"ORDERX_OWNER_DATABASE_URL": owner, **self._logins(owner), **from_env}

    def _owner_url(self) -> str:
        return self.postgres.url if self.postgres else os.environ["ORDERX_OWNER_DATABASE_URL"]

    def _logins(self, url: str) -> dict[str, str]:
        return {name: with_login(url, user=login, password=self._secret(login)) for name, login in LOGINS.items()}

    def _other_settings(self) -> dict[str, str]:
        # Always the sandbox and the inbox: this stack must not move money or send mails to people.
        return {
            "ORDERX_BROKER_URL": self.broker.url if self.broker else os.environ["ORDERX_BROKER_URL"],
            "ORDERX_SECRET_KEY": self._secret("secret_key"),
            "ORDERX_SIGNING_KEYS": self._secret("signing_key"),
            "ORDERX_PUBLIC_URL": self.api_url,
            "ORDERX_PAYMENT_API_BASE": self.sandbox_url,
            "ORDERX_PAYMENT_API_KEY": "sk_test_" + self._secret("payment_api_key"),
            "ORDERX_SMTP_URL": f"smtp://{LOOPBACK}:{self._smtp_port}",
            **({"ORDERX_RATE_LIMIT_URL": self.rate_limiter.url_of(1)} if self.rate_limiter else {}),
        }

    def _sandbox(self, *options: object) -> Process:
        port = _port(self.sandbox_url)
        where = ("--port", port, "--ledger", self.home / "sandbox.db")
        return self._orderx("sandbox", "sandbox", *where, *options, ready=tcp(port))

    def _inbox(self) -> Process:
        ports = ("--smtp-port", self._smtp_port, "--http-port", _port(self.inbox_url))
        return self._orderx("inbox", "inbox", *ports, "--maildir", self.home / "mail", ready=tcp(self._smtp_port))

    def _migrate(self) -> Process:
        return Job("migrate", _command("migrate"), log=self._log("migrate"), env=self.env_for("migrate"))

    def _background_processes(self) -> list[Process]:
        workers = [self._worker(name, names) for name, names in WORKERS.items()]
        return [self._relay("relay"), self._sweeper("sweeper"), self._scheduler("scheduler"), *workers]

    def _worker(self, name: str, names: Sequence[str], *options: object) -> Process:
        where = ("--queues", ",".join(names), "--name", name)
        return self._orderx(name, "worker", *where, *options, ready=output_contains(" ready."))

    def _relay(self, name: str) -> Process:
        return self._orderx(name, "relay", ready=output_contains("relay started"))

    def _sweeper(self, name: str) -> Process:
        return self._orderx(name, "sweeper", ready=output_contains("sweeper started"))

    def _scheduler(self, name: str) -> Process:
        return self._orderx(name, "scheduler", ready=output_contains("scheduler started"))

    def _api(self, *options: object) -> Process:
        where = ("--port", _port(self.api_url))
        return self._orderx("api", "api", *where, *options, ready=http(f"{self.api_url}/healthz"))

    def _flower(self) -> Process:
        return self._orderx("flower", "flower", "--port", _port(self.flower_url), ready=tcp(_port(self.flower_url)))

    def _orderx(self, name: str, *command: object, ready: ReadyCheck) -> Process:
        return ForkedProcess(
            name,
            [*map(str, command)],
            forkserver=self._forkserver,
            nice=NICE.get(name, 0),
            log=self._log(name),
            env=self.env_for(*map(str, command)),
            ready=ready,
        )

    def env_for(self, *command: str) -> dict[str, str]:
        """The environment for this command of `orderx`, with only the settings that it reads."""
        flower = self._flower_settings() if command[0] == "flower" else {}
        return {**self._base_env(), **self.settings_for(*command), **flower}

    def settings_for(self, *command: str) -> dict[str, str]:
        """The ORDERX_* settings that this command of `orderx` reads."""
        return command_settings.settings_for(command, self._settings())

    def _settings(self) -> dict[str, str]:
        return {**os.environ, **self.env}

    def _flower_settings(self) -> dict[str, str]:
        from_env = {name: value for name, value in os.environ.items() if name.startswith("FLOWER_")}
        return from_env | ({"FLOWER_BROKER_API": self.rabbitmq.management_api} if self.rabbitmq else {})

    def _base_env(self) -> dict[str, str]:
        # With a shared directory, the API's /metrics includes the workers' metrics.
        own = {"TMPDIR": str(self._temporary), multiprocess_metrics.DIRECTORY: str(self._metrics)}
        return {**command_settings.without_settings(os.environ), "PYTHONUNBUFFERED": "1", **own}

    def _secret(self, name: str) -> str:
        return directories.stored_secret(directories.make(self.home / "secrets") / name)

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def _command(*command: object) -> list[str]:
    return [sys.executable, "-m", "ops.cli", *map(str, command)]


def _make_empty(directory: Path) -> Path:
    shutil.rmtree(directory)
    return directories.make(directory)
