"""Order drivers place orders and detect that they are paid; each participant names the driver it needs."""

import json
import os
import threading
from collections.abc import Sequence
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Protocol
from urllib.parse import urlsplit

import psycopg

from bench.workload import ADDRESS, CARD, SHOP, product

_FIND_PAID_ORDERS = "/* watch */ SELECT id::text FROM orders WHERE id = ANY(%s::uuid[]) AND status = 'paid'"


class OrderDriver(Protocol):
    """Places orders from many threads; `paid` is called from one thread only."""

    def place(self, number: int) -> str:
        """Place an order. Returns its id once it is committed or answered, or "" if it was refused."""

    def paid(self, orders: Sequence[str]) -> list[str]:
        """The orders that are paid by now."""


class DatabaseDriver:
    """Queries the database for paid orders."""

    def __init__(self) -> None:
        self._connection = psycopg.connect(os.environ["BENCH_DATABASE_URL"], autocommit=True)

    def paid(self, orders: Sequence[str]) -> list[str]:
        """The orders that are paid by now."""
        return [row[0] for row in self._connection.execute(_FIND_PAID_ORDERS, [list(orders)])]


class HttpDriver(DatabaseDriver):
    """Posts orders over HTTP, on one keep-alive connection per thread, with the headers of BENCH_HEADERS."""

    def __init__(self) -> None:
        super().__init__()
        target = urlsplit(os.environ["BENCH_POST_TO"])
        self._host, self._path = target.netloc, target.path
        self._headers = {"Content-Type": "application/json", **json.loads(os.environ.get("BENCH_HEADERS", "{}"))}
        self._thread = threading.local()

    def place(self, number: int) -> str:
        """Post an order. Returns its id."""
        body = {
            "shop_id": str(SHOP),
            "lines": [{"product_id": str(product(number)), "quantity": 1}],
            "shipping_address": ADDRESS,
            "payment": {"payment_method": CARD},
        }
        connection = self._thread.__dict__.setdefault("connection", HTTPConnection(self._host))
        connection.request("POST", self._path, json.dumps(body), self._headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status not in {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED}:
            raise RuntimeError(f"{answer.status}: {content[:500]!r}")
        return str(json.loads(content)["id"])


class ResponseOnlyDriver(HttpDriver):
    """Posts orders; an order counts as paid as soon as the request is answered."""

    def paid(self, orders: Sequence[str]) -> list[str]:
        """All of the orders."""
        return list(orders)
