"""The stack for chaos runs: two or more of every process, with a TCP proxy in front of each server."""

import math
import sys
from functools import cached_property
from pathlib import Path

from kit.errors import NotConfigured
from ops.chaos import signaller, waiting_saga
from ops.chaos.tcp_proxy import TcpProxy
from ops.services import rabbitmq
from ops.services.postgres import Postgres
from ops.services.process import Process
from ops.services.rabbitmq import RabbitMQ
from ops.services.readiness import output_contains
from ops.stack import Stack
from workers import queues

PAYMENT_TIMEOUT, SLOW_SECONDS, SILENT_SECONDS = 3, 1, 6
"""Seconds: the slow card is answered before the payment timeout, the silent one after it."""

DECLINE_LIMITS = [f"ORDERX_DECLINE_LIMIT_{of}" for of in ("CUSTOMER", "CARD", "NETWORK")]
_PROVIDER_QUEUES = ("payments",)
"""Queues of steps that wait for the payment provider."""


class ChaosStack(Stack):
    """A stack on a private PostgreSQL and RabbitMQ; ORDERX_* variables have no effect.

    `env` has the direct URLs of the servers; the stack's processes use the `proxies`. Raises NotConfigured if
    RabbitMQ is not installed.
    """

    postgres: Postgres
    broker: RabbitMQ

    def __init__(self, home: Path, *, seed: int = 1, waiting_sagas: int = 0, seconds: float = 0.0) -> None:
        """`waiting_sagas` example sagas start within `seconds`, and get signals, as generated from the seed."""
        self.waiting_sagas = waiting_sagas
        self._signals = ("--seed", seed, "--sagas", waiting_sagas, "--seconds", seconds)
        if rabbitmq.start_script() is None:
            raise NotConfigured("chaos needs a real RabbitMQ: rabbitmq-server is not installed")
        super().__init__(home, usual_ports=False)

    @cached_property
    def proxies(self) -> dict[str, TcpProxy]:
        """The proxies, by the name of their server's process."""
        ports = {"postgres": self.postgres.port, "rabbitmq": self.broker.port}
        return {
            name: TcpProxy(port)
            for name, port in {**ports, "sandbox": int(self.sandbox_url.rpartition(":")[2])}.items()
        }

    def start(self) -> None:
        """Start everything, the proxies first."""
        for proxy in self.proxies.values():
            proxy.start()
        super().start()

    def stop(self, *, within: float = math.inf) -> None:
        """Stop everything, the proxies last."""
        super().stop(within=within)
        for proxy in self.proxies.values():
            proxy.stop()

    def _settings(self) -> dict[str, str]:
        rerouted = dict(self.env)
        for proxy in self.proxies.values():
            rerouted = {name: proxy.reroute(value) for name, value in rerouted.items()}
        unlimited = dict.fromkeys(DECLINE_LIMITS, "1000000")  # all orders have the same customer
        return {**super()._settings(), **rerouted, **unlimited, "ORDERX_PAYMENT_TIMEOUT": str(PAYMENT_TIMEOUT)}

    @property
    def all_signals_sent(self) -> bool:
        """Whether all example sagas have started and got their signals."""
        return output_contains(signaller.ALL_SENT)(self["signaller"])

    def _signaller(self) -> Process:
        options = (*self._signals, "--memory", self.home / "signaller.json")
        return Process(
            "signaller",
            [sys.executable, "-m", signaller.__name__, *map(str, options)],
            log=self._log("signaller"),
            env=self.env_for("saga"),
            ready=output_contains(signaller.READY),
        )

    def _base_env(self) -> dict[str, str]:
        return {**super()._base_env(), "ORDERX_EXAMPLE_SAGAS": waiting_saga.__name__}

    def _embedded_postgres(self) -> Postgres:
        return Postgres(self.home / "postgres", database="orderx", log=self._log("postgres"))

    def _embedded_broker(self) -> RabbitMQ:
        return RabbitMQ(self.home / "rabbitmq", log=self._log("rabbitmq"))

    def _embedded_rate_limiter(self) -> None:
        """None: all customers have the same address."""

    def _start_waves(self) -> list[list[Process]]:
        sandbox = self._sandbox("--slow-seconds", SLOW_SECONDS, "--silent-seconds", SILENT_SECONDS)
        return [
            [self.postgres, self.broker, sandbox, self._inbox()],
            [self._migrate()],
            [*self._background_processes(), self._api("--workers", 2), self._signaller()],
        ]

    def _background_processes(self) -> list[Process]:
        without_provider = [name for name in queues.ORDER_QUEUES if name not in _PROVIDER_QUEUES]
        return [
            *(self._relay(f"relay-{number}") for number in (1, 2)),
            *(self._sweeper(f"sweeper-{number}") for number in (1, 2)),
            *(self._scheduler(f"scheduler-{number}") for number in (1, 2)),
            *(self._worker(f"worker-{number}", without_provider) for number in (1, 2)),
            self._worker("worker-3", _PROVIDER_QUEUES),
            # Several children, so that one silent card does not block the queue.
            self._worker("worker-4", _PROVIDER_QUEUES, "--pool", "prefork", "--concurrency", 3),
            *(self._worker(f"mail-worker-{number}", queues.LOW_PRIORITY_QUEUES) for number in (1, 2)),
        ]
