"""How orders are placed and seen to be paid, from the outside: what a loader is given, one kind per contestant."""

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

_PAID = "/* watch */ SELECT id::text FROM orders WHERE id = ANY(%s::uuid[]) AND status = 'paid'"


class Placer(Protocol):
    """Places orders from many threads; `paid` is asked by one."""

    def place(self, number: int) -> str:
        """Place order number so-and-so: its id once it is committed, or answered; none when it was refused."""

    def paid(self, orders: Sequence[str]) -> list[str]:
        """Which of these are paid by now."""


class Watching:
    """Sees in the database which orders are paid."""

    def __init__(self) -> None:
        self._connection = psycopg.connect(os.environ["BENCH_DATABASE_URL"], autocommit=True)

    def paid(self, orders: Sequence[str]) -> list[str]:
        """Which of these are paid by now."""
        return [row[0] for row in self._connection.execute(_PAID, [list(orders)])]


class Posting(Watching):
    """Posts orders over HTTP, on one kept-alive connection per thread, with whatever headers BENCH_HEADERS has."""

    def __init__(self) -> None:
        super().__init__()
        target = urlsplit(os.environ["BENCH_POST_TO"])
        self._host, self._path = target.netloc, target.path
        self._headers = {"Content-Type": "application/json", **json.loads(os.environ.get("BENCH_HEADERS", "{}"))}
        self._thread = threading.local()

    def place(self, number: int) -> str:
        """Post the order."""
        body = {
            "shop_id": str(SHOP),
            "lines": [{"product_id": str(product(number)), "quantity": 1}],
            "shipping_address": ADDRESS,
            "payment": {"payment_method": CARD},
        }
        connection = self._thread.__dict__.setdefault("connection", HTTPConnection(self._host))
        connection.request("POST", self._path, json.dumps(body), self._headers)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status not in {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED}:
            raise RuntimeError(f"{answer.status}: {told[:500]!r}")
        return str(json.loads(told)["id"])


class Answering(Posting):
    """Posts; the answer is all there is to wait for."""

    def paid(self, orders: Sequence[str]) -> list[str]:
        """All of them."""
        return list(orders)
