"""Customers who order continuously, retrying each order with the same idempotency key until it is accepted."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import requests

from tests.stack.shop import Shop
from tests.waiting import until


def order_until_accepted(shop: Shop) -> str:
    """Place one order, retrying with the same key until it is accepted. Returns its id."""
    key = str(uuid4())

    def accepted() -> str | None:
        try:
            answer = shop.order(key=key)
        except requests.RequestException:
            return None
        return answer.json()["id"] if answer.ok else None

    return until(accepted, seconds=120)


@contextmanager
def customers_at(shop: Shop, *, count: int = 3) -> Iterator[list[str]]:
    """`count` customers order once a second until the block ends. Yields the list of accepted order ids."""
    stop, accepted = threading.Event(), []

    def shopping() -> None:
        while not stop.wait(1):
            accepted.append(order_until_accepted(shop))

    with ThreadPoolExecutor(count) as customers:
        shoppers = [customers.submit(shopping) for _ in range(count)]
        try:
            yield accepted
        finally:
            stop.set()
    for shopper in shoppers:
        shopper.result()
