"""Expired rows are found by an index, and deleted in short batches."""

import json
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from kit import clock, db
from kit.db import retention
from tests import factories
from tests.retention import batches, delete_expired_rows
from workers.retention import rules

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MANY = 100_000
LIMIT = 20_000


@pytest.fixture
def owner(database):
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def stale_events(owner, number, *, older=timedelta(days=33)):
    """Fill the inbox with events that were processed long ago; their ids are UUIDv7 of that time, one a microsecond."""
    owner.execute(
        """
        INSERT INTO inbox (consumer, event_id, processed_at)
        SELECT 'a consumer ' || n %% 3,
            (lpad(to_hex((extract(epoch FROM now() - %s::interval) * 1000)::bigint), 12, '0')
             || '7000' || lpad(to_hex(n), 16, '0'))::uuid, now() - %s::interval
        FROM generate_series(1, %s) AS n""",
        [older, older, number],
    )


def make_order():
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company))
    factories.make_order(product)


def count(owner, table):
    [(rows,)] = owner.execute(f"SELECT count(*) FROM {table}").fetchall()
    return rows


def id_made(age):
    """A UUIDv7 made that long ago."""
    return UUID(int=int((clock.now() - age).timestamp() * 1000) << 80)


class TestEachRule:
    @pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.table)
    def test_scans_an_index_in_its_order(self, database, rule):
        time = rule.time_column
        statement = f"SELECT {time} FROM {rule.table} WHERE {time} >= %(first)s AND {time} < %(before)s"
        values = {"first": rule.minimum, "before": rule.first_kept(clock.now())}
        with db.operator_transaction():
            db.run(retention.FORBID_BITMAP_SCAN, {})
            plan = [line for (line,) in db.run(f"EXPLAIN {statement} ORDER BY {time} LIMIT 10", values)]
        assert any("Index Cond" in line for line in plan), plan
        assert not any("Sort" in line for line in plan), plan


class TestAge:
    def test_of_idempotency_keys_is_a_day(self, owner):
        make_order()
        owner.execute("DELETE FROM idempotency_keys")
        for hours in (25, 23):
            owner.execute(
                """
                INSERT INTO idempotency_keys (caller_id, key, company_id, fingerprint, order_id, created_at)
                SELECT user_id, %s, o.company_id, '', o.id, now() - make_interval(hours => %s)
                FROM orders o JOIN customers c ON c.id = o.customer_id""",
                [str(hours), hours],
            )
        delete_expired_rows(now=clock.now())
        assert owner.execute("SELECT key FROM idempotency_keys").fetchall() == [("23",)]

    def test_of_payment_attempts_is_a_day(self, owner):
        make_order()
        owner.execute("DELETE FROM payment_attempts")
        for hours in (25, 23):
            owner.execute(
                """
                INSERT INTO payment_attempts (id, company_id, user_id, method)
                SELECT %s, company_id, customer_id, %s FROM orders""",
                [id_made(hours * HOUR), str(hours)],
            )
        delete_expired_rows(now=clock.now())
        assert owner.execute("SELECT method FROM payment_attempts").fetchall() == [("23",)]

    def test_of_a_processed_event_counts_from_its_processing(self, owner):
        late, old, young = id_made(40 * DAY), id_made(33 * DAY), id_made(29 * DAY)
        for event_id, age in ((late, DAY), (old, 33 * DAY), (young, 29 * DAY)):
            at = clock.now() - age
            owner.execute("INSERT INTO inbox (consumer, event_id, processed_at) VALUES ('x', %s, %s)", [event_id, at])
        delete_expired_rows(now=clock.now())
        assert set(owner.execute("SELECT event_id FROM inbox").fetchall()) == {(late,), (young,)}


class TestDeleteBatch:
    INBOX = rules()["inbox"]

    def test_deletes_many_rows_in_batches_of_limited_size(self, owner):
        stale_events(owner, MANY)
        stale_events(owner, 10, older=timedelta(days=1))
        sizes = batches(self.INBOX, now=clock.now())
        assert sum(sizes) == MANY
        assert max(sizes) <= LIMIT
        assert len(sizes) > MANY // LIMIT
        assert count(owner, "inbox") == 10

    def test_starts_a_batch_where_the_last_one_ended(self, owner, monkeypatch):
        """Until the next vacuum an index scan passes the entries of all deleted rows."""
        monkeypatch.setattr(retention, "_MAX_ROWS", 1_000)
        stale_events(owner, 5_500)
        begun, run = [], db.run

        def recorded(statement, values):
            if "after" in values:
                begun.append(values["after"])
            return run(statement, values)

        monkeypatch.setattr(db, "run", recorded)
        batches(self.INBOX, now=clock.now())
        assert count(owner, "inbox") == 0
        assert begun == sorted(set(begun))
        assert len(begun) >= 6

    def test_goes_on_after_its_position_was_stored_as_json(self, owner):
        stale_events(owner, 150)
        position, deleted = {"limit": 100}, []
        while position is not None:
            with db.operator_transaction():
                size, position = retention.delete_batch(self.INBOX, position, now=clock.now())
            deleted.append(size)
            position = json.loads(db.as_json(position))
        assert deleted == [100, 50]

    def test_skips_rows_that_another_process_has_deleted(self, owner):
        stale_events(owner, 5)
        assert [batches(self.INBOX, now=clock.now()) for _ in range(2)] == [[5], [0]]
