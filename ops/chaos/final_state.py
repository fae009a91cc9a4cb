"""The contents of database, payment provider and mail inbox at the end of a run."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
import requests

Json = dict[str, Any]

_READ_SECONDS = 300
"""Time to read all mails or payments: the inbox has a low priority, and a busy machine gives it little time."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order in the database; `total` in minor units."""

    status: str
    total: int
    has_saga: bool


@dataclass(frozen=True, slots=True)
class ProductStock:
    """Units of one product: on hand, reserved, in reservations of pending orders, and in paid orders."""

    on_hand: int
    reserved: int
    reserved_by_pending_orders: int
    sold: int


class ReceivedMail(NamedTuple):
    """A mail in the inbox."""

    message_id: str
    occasion: str
    recipient: str


@dataclass(frozen=True, slots=True)
class FinalState:
    """Orders by id, stock by product id, and the provider's payment intents.

    `mails_received` are in the inbox. `mails_sent` are (occasion, recipient) of the mails that the database says were
    sent.
    """

    orders: dict[str, Order]
    stock: dict[str, ProductStock]
    unfinished_sagas: int
    intents: list[Json]
    mails_received: list[ReceivedMail]
    mails_sent: set[tuple[str, str]]


_READ_ORDERS = """
    SELECT o.id, o.status, o.total,
        EXISTS (SELECT FROM sagas s WHERE s.subject_id = o.id AND s.name = 'place_order')
    FROM orders o"""
_READ_STOCK = """
    SELECT p.id, (SELECT sum(on_hand) FROM stock s WHERE s.product_id = p.id),
        (SELECT sum(reserved) FROM stock s WHERE s.product_id = p.id),
        coalesce((
            SELECT sum(r.quantity) FROM reservations r JOIN orders o ON o.id = r.order_id
            WHERE r.product_id = p.id AND r.state = 'held' AND o.status = 'pending'), 0),
        coalesce((
            SELECT sum(l.quantity) FROM order_lines l JOIN orders o ON o.id = l.order_id
            WHERE l.product_id = p.id AND o.status = 'paid'), 0)
    FROM products p"""
_COUNT_UNFINISHED_SAGAS = "SELECT count(*) FROM sagas WHERE ended_at IS NULL"
_FIND_SENT_MAILS = "SELECT occasion, recipient FROM mails WHERE status = 'sent'"


def read(*, database_url: str, sandbox_url: str, inbox_url: str) -> FinalState:
    """Read database, provider and inbox."""
    with psycopg.connect(database_url) as connection:
        orders = {str(row[0]): Order(*row[1:]) for row in connection.execute(_READ_ORDERS)}
        stock = {str(row[0]): ProductStock(*map(int, row[1:])) for row in connection.execute(_READ_STOCK)}
        unfinished = connection.execute(_COUNT_UNFINISHED_SAGAS).fetchone()
        mails_sent = set(connection.execute(_FIND_SENT_MAILS).fetchall())
    assert unfinished
    return FinalState(
        orders=orders,
        stock=stock,
        unfinished_sagas=unfinished[0],
        intents=_json(f"{sandbox_url}/ledger")["payment_intents"],
        mails_received=[
            ReceivedMail(mail["message_id"], mail["occasion"], mail["to"])
            for mail in _json(f"{inbox_url}/messages.json")
        ],
        mails_sent=mails_sent,
    )


def statuses(database_url: str) -> dict[str, int]:
    """Number of orders by status; empty while the database is down."""
    try:
        with psycopg.connect(database_url, connect_timeout=2) as connection:
            return dict(connection.execute("SELECT status, count(*) FROM orders GROUP BY status").fetchall())
    except psycopg.OperationalError:
        return {}


def _json(url: str) -> Any:
    response = requests.get(url, timeout=_READ_SECONDS)
    response.raise_for_status()
    return response.json()
