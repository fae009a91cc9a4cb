"""The states and sums of orders that were placed before orders had them."""

import os

import psycopg
import pytest
from alembic import command

from migrations import run
from ops.services.postgres import create_database, drop_database, with_login
from tests.migrations.test_plain_names import FILLED

pytestmark = pytest.mark.processes

BEFORE, REVISION = "20261129_order_customers", "20261129_order_states"
OF_STATUS = {
    ("pending", "pending"): ("pending", "none", "none", 0, 0),
    ("pending", "authorised"): ("pending", "none", "none", 0, 0),
    ("paid", "captured"): ("placed", "paid", "none", 3998, 0),
    ("failed", "voided"): ("failed", "none", "none", 0, 0),
    ("cancelled", "voided"): ("cancelled", "none", "none", 0, 0),
    ("cancelled", "refunded"): ("cancelled", "refunded", "none", 3998, 3998),
    ("shipped", "captured"): ("placed", "paid", "shipped", 3998, 0),
    ("completed", "captured"): ("closed", "paid", "delivered", 3998, 0),
}
"""The states by the status of the order and of its payment."""
ADD = """
    WITH placed AS (
        INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object(
            'id', gen_random_uuid(), 'status', %(status)s::text, 'subtotal', 3998, 'total', 3998,
            'discount_percent', 0))).* FROM orders o LIMIT 1
        RETURNING id
    )
    INSERT INTO payments SELECT (jsonb_populate_record(p, jsonb_build_object(
        'id', gen_random_uuid(), 'order_id', placed.id, 'status', %(payment)s::text))).*
    FROM payments p, placed LIMIT 1"""
FOUND = """
    SELECT o.status, p.status, o.state, o.payment_state, o.fulfilment_state, o.paid, o.refunded
    FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.subtotal = 3998 AND o.id <> %s"""
COUNTS = """
    INSERT INTO order_counts (company_id, month, shard, count)
    SELECT DISTINCT company_id, date_trunc('month', placed_at AT TIME ZONE 'UTC')::date, counts.*
    FROM orders, (VALUES (0, %(first)s), (28, %(other)s)) AS counts"""
FIRST = "88888888-8888-8888-8888-888888888888"


@pytest.fixture
def filled():
    """The owner's URL of a database of the revision before, with an order of each status."""
    owner, name = os.environ["ORDERX_OWNER_DATABASE_URL"], f"orderx_order_states_{os.getpid()}"
    drop_database(owner, name)
    create_database(owner, name)
    url = with_login(owner, database=name)
    command.upgrade(run.alembic_config(url), "0028")
    with psycopg.connect(url) as connection:
        connection.execute(FILLED)
    command.upgrade(run.alembic_config(url), BEFORE)
    with psycopg.connect(url) as connection:
        for status, payment in OF_STATUS:
            connection.execute(ADD, {"status": status, "payment": payment})
    yield url
    drop_database(owner, name)


def found(url):
    with psycopg.connect(url) as connection:
        rows = connection.execute(FOUND, [FIRST]).fetchall()
    assert len(rows) == len(OF_STATUS)
    return {row[:2]: row[2:] for row in rows}


def test_follow_from_the_status_and_the_payment(filled):
    command.upgrade(run.alembic_config(filled), REVISION)
    assert found(filled) == OF_STATUS


def test_are_filled_by_a_second_run_where_the_first_was_interrupted(filled):
    command.upgrade(run.alembic_config(filled), REVISION)
    with psycopg.connect(filled) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", [BEFORE])
        connection.execute("UPDATE orders SET state = DEFAULT, payment_state = DEFAULT, paid = 0, refunded = 0")
        connection.execute("CREATE POLICY backfill ON orders USING (true)")
    command.upgrade(run.alembic_config(filled), REVISION)
    assert found(filled) == OF_STATUS


def test_of_an_order_that_is_cancelled_before_they_are_filled_are_those_of_a_refund(filled):
    command.upgrade(run.alembic_config(filled), REVISION)
    with psycopg.connect(filled) as connection:
        connection.execute("UPDATE orders SET state = DEFAULT, payment_state = DEFAULT, paid = 0, refunded = 0")
        connection.execute("UPDATE orders SET status = 'cancelled' WHERE status = 'paid' AND id <> %s", [FIRST])
    assert found(filled)["cancelled", "captured"] == ("cancelled", "refunded", "none", 3998, 3998)


def test_the_discounts_follow_from_the_subtotal_and_the_total(filled):
    with psycopg.connect(filled) as connection:
        connection.execute("UPDATE orders SET total = 3000 WHERE status = 'paid' AND id <> %s", [FIRST])
    command.upgrade(run.alembic_config(filled), "20261129_order_totals")
    with psycopg.connect(filled) as connection:
        rows = connection.execute("SELECT total, discounts FROM orders WHERE subtotal = 3998 AND id <> %s", [FIRST])
        assert set(rows) == {(3998, 0), (3000, 998)}


def test_the_numbers_are_those_that_the_months_counts_leave(filled):
    with psycopg.connect(filled) as connection:
        connection.execute("DELETE FROM order_counts")
        connection.execute(COUNTS, {"first": 2, "other": len(OF_STATUS) + 1 - 2})
    command.upgrade(run.alembic_config(filled), "20261129_order_numbers")
    with psycopg.connect(filled) as connection:
        rows = connection.execute("SELECT number, to_char(placed_at AT TIME ZONE 'UTC', 'YYMM') FROM orders").fetchall()
    month = rows[0][1]
    in_shards = [*(f"{month}-{count}" for count in (1, 2)), *(f"{month}-{count}AB" for count in range(1, 8))]
    assert sorted(number for number, _ in rows) == sorted(in_shards)
