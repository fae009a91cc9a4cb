"""OrderX: from commit to paid without HTTP (*engine*), and from POST to paid over HTTP (*full*)."""

import json
import os
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar

import psycopg
import requests

from bench.load_generators import Sent
from bench.order_driver import DatabaseDriver
from bench.participant import FullWorkload, Participant, Setting
from bench.seed import PASSWORD
from bench.workload import ADDRESS, BUYER, CARD, COMPANY, CUSTOMER, SHOP, product
from domain.payments.declines import PaymentSource
from domain.sales.new_order import LineRequest
from kit import clock, db
from kit.tenancy import Tenant
from ops.services.ports import LOOPBACK, free_port
from ops.services.process import Process
from ops.services.readiness import http, output_contains
from ops.stack import NICE
from saga.place_order import place_order
from workers.queues import LOW_PRIORITY_QUEUES, ORDER_QUEUES

LINES = int(os.environ.get("BENCH_LINES", "1"))
"""Lines per order."""

MAILS = 4
"""Mails per paid order: the company also gets one when the order is paid."""

_CHECK_FOR_UNFINISHED_WORK = f"""/* watch */
    SELECT EXISTS (SELECT FROM outbox WHERE available_at <= now())
        OR EXISTS (SELECT FROM sagas WHERE state IN ('running', 'finishing'))
        OR EXISTS (SELECT FROM mails WHERE status IN ('queued', 'sending'))
        OR (SELECT count(*) FROM mails) < {MAILS} * (SELECT count(*) FROM orders)"""


class OrderxEngine(Participant):
    """The product's engine: outbox, relay, RabbitMQ, order workers, a worker for mails (as rows), the sweeper."""

    name = "orderx"
    uses = frozenset({"postgres", "rabbitmq"})
    driver = "bench.peers.orderx:OrderxDriver"
    settings: ClassVar[tuple[Setting, ...]] = (
        {"loaders": 1, "in_flight": 256, "threads": 4, "workers": 1},
        {"loaders": 1, "in_flight": 256, "threads": 4, "workers": 2},
        {"loaders": 1, "in_flight": 64, "threads": 4, "workers": 1},
    )
    note = "placed by saga.place_order.place_order(); payment and mails are rows, every message goes over RabbitMQ"

    def processes(self) -> list[Process]:
        """The relay, the sweeper and the workers."""
        orders = [self._worker(f"worker-{number}", ORDER_QUEUES) for number in range(1, self.setting["workers"] + 1)]
        return [
            self._orderx("relay", ready="relay started"),
            self._orderx("sweeper", ready="sweeper started"),
            *orders,
            self._worker("worker-mails", LOW_PRIORITY_QUEUES),
        ]

    def _orderx(self, name: str, *options: object, ready: str) -> Process:
        return self.environment.python(name, "ops.cli", name, *options, ready=output_contains(ready))

    def _worker(self, name: str, queues: Sequence[str]) -> Process:
        return self.environment.python(
            name, *self._work(name, ",".join(queues)), ready=output_contains(" ready."), nice=NICE.get(name, 0)
        )

    def _work(self, name: str, queues: str) -> tuple[object, ...]:
        return "bench.peers.orderx_worker", queues, name, "solo", 1

    def is_finished(self) -> bool:
        """All sagas have ended, all mails are sent, and the outbox is empty."""
        row = self._watch.execute(_CHECK_FOR_UNFINISHED_WORK).fetchone()
        return row is not None and not row[0]

    @cached_property
    def _watch(self) -> psycopg.Connection:
        return psycopg.connect(self.environment.database_url, autocommit=True)


class OrderxFull(FullWorkload, OrderxEngine):
    """The whole stack over HTTP, with the provider's SDK, the sandbox gateway and SMTP."""

    settings: ClassVar[tuple[Setting, ...]] = (
        {"loaders": 1, "in_flight": 128, "threads": 16, "workers": 1, "api_workers": 1},
        {"loaders": 1, "in_flight": 128, "threads": 16, "workers": 2, "api_workers": 1},
        {"loaders": 1, "in_flight": 64, "threads": 16, "workers": 1, "api_workers": 1},
    )
    note = "POST /api/orders as a logged-in customer, gunicorn, provider's SDK, SMTP"
    mails: ClassVar[int] = MAILS

    @cached_property
    def api_url(self) -> str:
        """The base URL of the API."""
        return f"http://{LOOPBACK}:{free_port()}"

    def processes(self) -> list[Process]:
        """The API, and the processes of the engine."""
        return [*super().processes(), self._api()]

    def _api(self) -> Process:
        where = ("--port", self.api_url.rpartition(":")[2], "--workers", self.setting["api_workers"])
        return self.environment.python("api", "ops.cli", "api", *where, ready=http(f"{self.api_url}/healthz"))

    def _work(self, name: str, queues: str) -> tuple[object, ...]:
        return "ops.cli", "worker", "--queues", queues, "--name", name

    def driver_env(self) -> dict[str, object]:
        """The URL for orders, and the headers with the customer's token."""
        login = {"email": BUYER, "password": PASSWORD}
        answer = requests.post(f"{self.api_url}/api/auth/login", json=login, timeout=10)
        answer.raise_for_status()
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return {"BENCH_POST_TO": f"{self.api_url}/api/orders", "BENCH_HEADERS": json.dumps(headers)}


class OrderxPlacing(OrderxFull):
    """The API alone: orders are accepted (202) and not processed."""

    name = "orderx_placing"
    workload = "http"
    measures_latency = False
    stand_ins = frozenset()
    uses = frozenset({"postgres"})
    driver = "bench.order_driver:ResponseOnlyDriver"
    settings: ClassVar[tuple[Setting, ...]] = ({"in_flight": 16, "threads": 16, "api_workers": 1},)
    note = "POST /api/orders until the 202; no worker processes the orders"

    def processes(self) -> list[Process]:
        """The API."""
        return [self._api()]

    def is_finished(self) -> bool:
        """True: no process works on the orders."""
        return True

    def times(self, sent: Sent) -> dict[str, tuple[float, float]]:
        """When each request was sent and answered."""
        return sent.orders


class OrderxDriver(DatabaseDriver):
    """Places orders as the API does, one transaction per order, without HTTP."""

    def place(self, number: int) -> str:
        """Place an order and commit. Returns its id."""
        lines = [LineRequest(product(number + each), 1) for each in range(LINES)]
        with db.transaction(Tenant(company_id=COMPANY, user_id=CUSTOMER)):
            placed = place_order(
                company_id=COMPANY, user_id=CUSTOMER, shop_id=SHOP, lines=lines,
                discount_percent=0, shipping_address=ADDRESS, payment_source=PaymentSource(CARD), now=clock.now(),
            )  # fmt: skip
            return str(placed.order.id)
