"""The stack that is disturbed: two or more of everything, each server behind a wire."""

import math
from functools import cached_property
from pathlib import Path

from kit.errors import NotConfigured
from ops.chaos.wire import Wire
from ops.services import rabbitmq
from ops.services.postgres import Postgres
from ops.services.process import Process
from ops.services.rabbitmq import RabbitMQ
from ops.stack import Stack
from workers import queues

PAYMENT_TIMEOUT, SLOW_SECONDS, SILENT_SECONDS = 3, 1, 6
"""Seconds: the slow card is answered before a worker's patience ends, the silent one after."""

DECLINE_LIMITS = [f"ORDERX_DECLINE_LIMIT_{of}" for of in ("CUSTOMER", "CARD", "NETWORK")]
_PROVIDER_QUEUES = ("payments",)
"""Queues of steps that wait for the payment provider."""


class ChaosStack(Stack):
    """A stack on a PostgreSQL and a RabbitMQ of its own, whatever ORDERX_* says; raises NotConfigured without RabbitMQ.

    `env` leads straight to the servers; the stack's own processes reach them over the `wires`.
    """

    postgres: Postgres
    broker: RabbitMQ

    def __init__(self, home: Path) -> None:
        if rabbitmq.installed() is None:
            raise NotConfigured("chaos needs a real RabbitMQ: rabbitmq-server is not installed")
        super().__init__(home, usual_ports=False)

    @cached_property
    def wires(self) -> dict[str, Wire]:
        """The wires by the name of the process they lead to."""
        ports = {"postgres": self.postgres.port, "rabbitmq": self.broker.port}
        return {
            name: Wire(port) for name, port in {**ports, "sandbox": int(self.sandbox_url.rpartition(":")[2])}.items()
        }

    def start(self) -> None:
        """Start everything, the wires first."""
        for wire in self.wires.values():
            wire.open()
        super().start()

    def stop(self, *, within: float = math.inf) -> None:
        """Stop everything, the wires last."""
        super().stop(within=within)
        for wire in self.wires.values():
            wire.close()

    def _settings(self) -> dict[str, str]:
        rerouted = dict(self.env)
        for wire in self.wires.values():
            rerouted = {name: wire.through(value) for name, value in rerouted.items()}
        unlimited = dict.fromkeys(DECLINE_LIMITS, "1000000")  # one customer orders everything, with bad cards, too
        return {**super()._settings(), **rerouted, **unlimited, "ORDERX_PAYMENT_TIMEOUT": str(PAYMENT_TIMEOUT)}

    def _own_postgres(self) -> Postgres:
        return Postgres(self.home / "postgres", database="orderx", log=self._log("postgres"))

    def _own_broker(self) -> RabbitMQ:
        return RabbitMQ(self.home / "rabbitmq", log=self._log("rabbitmq"))

    def _own_rate_limiter(self) -> None:
        """None: all customers come from one address."""

    def _in_waves(self) -> list[list[Process]]:
        sandbox = self._sandbox("--slow-seconds", SLOW_SECONDS, "--silent-seconds", SILENT_SECONDS)
        return [
            [self.postgres, self.broker, sandbox, self._inbox()],
            [self._migrate()],
            [*self._engines(), self._api("--workers", 2)],
        ]

    def _engines(self) -> list[Process]:
        at_once = [name for name in queues.ORDER_QUEUES if name not in _PROVIDER_QUEUES]
        return [
            *(self._relay(f"relay-{number}") for number in (1, 2)),
            *(self._sweeper(f"sweeper-{number}") for number in (1, 2)),
            *(self._worker(f"worker-{number}", at_once) for number in (1, 2)),
            # Several children each, lest one silent card holds up whatever waits behind it.
            *(
                self._worker(f"worker-{number}", _PROVIDER_QUEUES, "--pool", "prefork", "--concurrency", 3)
                for number in (3, 4)
            ),
            *(self._worker(f"mail-worker-{number}", queues.UNHURRIED_QUEUES) for number in (1, 2)),
        ]
