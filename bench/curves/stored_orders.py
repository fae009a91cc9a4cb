"""Fill the database with finished orders: copies, under other ids, of one order that the engine has finished."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from bench.workload import PRODUCTS, product

TABLES = (
    "orders", "order_lines", "payments", "payment_events", "reservations", "stock_movements", "mails", "sagas",
    "saga_steps", "saga_events",
)  # fmt: skip
"""The tables with rows of a finished order."""

SHARED = frozenset({"company_id", "shop_id", "customer_id", "warehouse_id"})
"""Ids that all orders have in common."""

SPREAD = "interval '80 days'"
"""Period over which the copies are spread, ending yesterday; shorter than ORDERX_JOURNAL_DAYS."""

_BATCH = 100_000

_READ_COLUMNS = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = %s AND is_identity = 'NO' ORDER BY ordinal_position"""
_OWNER_COLUMNS = {
    "orders": "id",
    "sagas": "subject_id",
    "payment_events": "payment_id",
    "saga_steps": "saga_id",
    "saga_events": "saga_id",
}


def fill(connection: psycopg.Connection, *, already: int, upto: int) -> None:
    """Add copies of one finished order until there are `upto`, as a superuser in autocommit."""
    connection.execute("SET session_replication_role = replica")  # the copies' references are the original's
    row = connection.execute(_FIND_FINISHED_ORDER).fetchone()
    assert row, "there is no finished order to copy"
    order, payment, saga = row
    ids = {"order_id": order, "payment_id": payment, "saga_id": saga, "id": order, "subject_id": order}
    for table in TABLES:
        column = _OWNER_COLUMNS.get(table, "order_id")
        with _with_raised_fillfactor(connection, table):
            for first in range(already + 1, upto + 1, _BATCH):
                values = {"first": first, "last": min(first + _BATCH - 1, upto), "upto": upto, "text": order}
                connection.execute(_copy_statement(connection, table, column), {**values, "original": ids[column]})
    connection.execute("SET session_replication_role = origin")
    connection.execute(_CORRECT_LEDGER)
    connection.execute("VACUUM ANALYZE")


_FIND_FINISHED_ORDER = """
    SELECT o.id::text, p.id::text, s.id::text
    FROM orders o JOIN payments p ON p.order_id = o.id JOIN sagas s ON s.subject_id = o.id
    WHERE o.status = 'paid' AND s.state = 'done' ORDER BY o.placed_at DESC LIMIT 1"""

# Makes the ledger, which contains the sales of the copies, agree with the stock.
_CORRECT_LEDGER = """
    WITH sold AS (SELECT product_id, warehouse_id, sum(quantity) AS left FROM stock_movements GROUP BY 1, 2),
    short AS (
        INSERT INTO stock_movements (company_id, product_id, warehouse_id, quantity, reason)
        SELECT s.company_id, s.product_id, s.warehouse_id, s.on_hand - sold.left, 'counted'
        FROM stock s JOIN sold USING (product_id, warehouse_id) WHERE s.on_hand <> sold.left
    ) SELECT"""


@contextmanager
def _with_raised_fillfactor(connection: psycopg.Connection, table: str) -> Iterator[None]:
    """Raise the table's fillfactor while the copies are inserted, to pack them as densely as rows that have grown.

    Otherwise each page has space for one more, shorter row, and inserts would read all these pages.
    """
    row = connection.execute(_READ_FILLFACTOR, [table]).fetchone()
    assert row
    alter = sql.SQL("ALTER TABLE {} SET (fillfactor = {})")
    connection.execute(alter.format(sql.Identifier(table), min(100, row[0] + _FILLFACTOR_INCREASE)))
    yield
    connection.execute(alter.format(sql.Identifier(table), row[0]))


_FILLFACTOR_INCREASE = 10
"""Percent of a page."""

_READ_FILLFACTOR = """
    SELECT coalesce(
        (SELECT option_value::int FROM pg_options_to_table(reloptions) WHERE option_name = 'fillfactor'), 100)
    FROM pg_class WHERE oid = %s::regclass"""


def _copy_statement(connection: psycopg.Connection, table: str, owner: str) -> sql.Composed:
    columns = [(name, kind) for name, kind in connection.execute(_READ_COLUMNS, [table])]
    return sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {values} FROM {table}, "
        "generate_series(%(first)s::int, %(last)s::int) AS n WHERE {owner} = %(original)s::uuid"
    ).format(
        table=sql.Identifier(table),
        names=sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
        values=sql.SQL(", ").join(_copy_of_column(name, kind) for name, kind in columns),
        owner=sql.Identifier(owner),
    )


def _copy_of_column(name: str, kind: str) -> sql.Composable:
    column = sql.Identifier(name)
    if name == "product_id":
        prefix = sql.Literal(str(product(0))[:24])
        return sql.SQL("({} || lpad(to_hex(n %% {}), 12, '0'))::uuid").format(prefix, sql.Literal(PRODUCTS))
    if kind == "uuid" and name not in SHARED:
        return sql.SQL("({})::uuid").format(_other_id(sql.SQL("{}::text").format(column)))
    if kind == "text" and name in {"occasion", "provider_ref"}:
        order = sql.SQL("%(text)s::text")
        return sql.SQL("replace({}, {}, {})").format(column, order, _other_id(order))
    if kind.startswith("timestamp"):
        return sql.SQL(f"{{}} - interval '1 day' - {SPREAD} * (n::float8 / %(upto)s::int)").format(column)
    return column


def _other_id(text: sql.Composable) -> sql.Composable:
    """The id of copy n: with the original's timestamp, and a hash of the original's id."""
    made = "left({0}, 14) || '7' || left(md5({0}), 3) || '-8' || right(md5({0}), 3) || '-' || lpad(to_hex(n), 12, '0')"
    return sql.SQL(made).format(text)
