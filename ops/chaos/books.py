"""Everything that the database, the payment provider and the mail inbox hold at the end of a run."""

from dataclasses import dataclass
from typing import Any

import psycopg
import requests

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """What the database says of an order; `total` in minor units."""

    status: str
    total: int
    has_saga: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """Units of one product: on hand, reserved, held for orders that are still pending, and in paid orders."""

    on_hand: int
    reserved: int
    held: int
    sold: int


@dataclass(frozen=True, slots=True)
class Books:
    """Orders and shelves by id; the provider's payment intents; mails as (Message-ID, occasion, recipient)."""

    orders: dict[str, Order]
    shelves: dict[str, Shelf]
    unfinished: int
    intents: list[Json]
    mails: list[tuple[str, str, str]]
    mails_sent: set[tuple[str, str]]


_ORDERS = """
    SELECT o.id, o.status, o.total,
        EXISTS (SELECT FROM sagas s WHERE s.subject_id = o.id AND s.name = 'place_order')
    FROM orders o"""
_SHELVES = """
    SELECT p.id, (SELECT sum(on_hand) FROM stock s WHERE s.product_id = p.id),
        (SELECT sum(reserved) FROM stock s WHERE s.product_id = p.id),
        coalesce((
            SELECT sum(r.quantity) FROM reservations r JOIN orders o ON o.id = r.order_id
            WHERE r.product_id = p.id AND r.state = 'held' AND o.status = 'pending'), 0),
        coalesce((
            SELECT sum(l.quantity) FROM order_lines l JOIN orders o ON o.id = l.order_id
            WHERE l.product_id = p.id AND o.status = 'paid'), 0)
    FROM products p"""
_UNFINISHED = "SELECT count(*) FROM sagas WHERE ended_at IS NULL"
_SENT = "SELECT occasion, recipient FROM mails WHERE status = 'sent'"


def read(*, database_url: str, sandbox_url: str, inbox_url: str) -> Books:
    """Look at everything."""
    with psycopg.connect(database_url) as connection:
        orders = {str(row[0]): Order(*row[1:]) for row in connection.execute(_ORDERS)}
        shelves = {str(row[0]): Shelf(*map(int, row[1:])) for row in connection.execute(_SHELVES)}
        unfinished = connection.execute(_UNFINISHED).fetchone()
        sent = set(connection.execute(_SENT).fetchall())
    assert unfinished
    return Books(
        orders=orders,
        shelves=shelves,
        unfinished=unfinished[0],
        intents=_json(f"{sandbox_url}/ledger")["payment_intents"],
        mails=[(mail["message_id"], mail["occasion"], mail["to"]) for mail in _json(f"{inbox_url}/messages.json")],
        mails_sent=sent,
    )


def statuses(database_url: str) -> dict[str, int]:
    """How many orders have each status; empty while the database is down."""
    try:
        with psycopg.connect(database_url, connect_timeout=2) as connection:
            return dict(connection.execute("SELECT status, count(*) FROM orders GROUP BY status").fetchall())
    except psycopg.OperationalError:
        return {}


def _json(url: str) -> Any:
    answer = requests.get(url, timeout=60)
    answer.raise_for_status()
    return answer.json()
