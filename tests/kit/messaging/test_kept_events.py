"""Kept events: written once with what they are about, in partitions that come and go by the day."""

from datetime import UTC, datetime, time, timedelta

import psycopg
import pytest
from structlog.contextvars import clear_contextvars

from kit import clock, db, ids
from kit.ids import new_id
from kit.messaging import kept_events, outbox
from kit.tenancy import Tenant
from tests import factories

pytestmark = pytest.mark.undeclared_events


@pytest.fixture
def owner(database):
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def today():
    return datetime.combine(clock.now().date(), time(), UTC)


def name_of(day):
    return f"day_{day:%Y%m%d}"


def partitions(owner):
    found = owner.execute("SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
                          " WHERE inhparent = 'events'::regclass AND relkind = 'r'")  # fmt: skip
    return {name for (name,) in found}


def partition_of(owner, event_id):
    return owner.execute("SELECT tableoid::regclass::text FROM events WHERE id = %s", [event_id]).fetchone()[0]


def insert(owner, event_id):
    owner.execute(
        "INSERT INTO events (id, type, subject, data) VALUES (%s, 'test.happened', %s, '{}')", [event_id, new_id()]
    )


def constraints_of_other(owner):
    found = owner.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'event_partitions.other'::regclass AND contype = 'c'"
    )
    return [name for (name,) in found]


def rows_read():
    """The rows of the default partition that this session has read by scanning it, and not reported yet."""
    statement = """
        SELECT seq_tup_read FROM pg_stat_xact_user_tables
        WHERE schemaname = 'event_partitions' AND relname = 'other'"""
    return db.run(statement, {}).fetchone()[0]


LOCKS = """
    SELECT mode FROM pg_locks JOIN pg_class ON pg_class.oid = relation
    WHERE pid = pg_backend_pid() AND relname = 'other'"""


class TestPublish:
    def test_sends_the_ids_of_up_to_ten_events_of_a_company_in_one_row(self, company, owner):
        with db.transaction(Tenant(company_id=company.id)):
            for n in range(12):
                outbox.publish("test.happened", {"n": n}, subject=company.id, company_id=company.id)
        of_company = "SELECT body->'ids' FROM outbox WHERE kind = 'event' AND company_id = %s ORDER BY id"
        *_, ten, two = [ids for (ids,) in owner.execute(of_company, [company.id])]
        in_order = "SELECT id::text FROM events WHERE subject = %s AND type = 'test.happened' ORDER BY id"
        kept = [event_id for (event_id,) in owner.execute(in_order, [company.id])]
        assert (ten, two) == (kept[:10], kept[10:])

    def test_keeps_the_event_and_sends_its_id(self, company, owner):
        clear_contextvars()  # no request and no event is its cause
        with db.transaction(Tenant(company_id=company.id)):
            outbox.publish("test.happened", {"n": 1}, subject=company.id, company_id=company.id, sequence=7)
        [(event_id, body)] = owner.execute(
            "SELECT e.id, o.body FROM events e, outbox o WHERE e.type = 'test.happened' AND o.kind = 'event'"
            " AND o.body->'ids' ? e.id::text"
        ).fetchall()
        assert body == {"ids": [str(event_id)]}
        with db.transaction(Tenant(company_id=company.id)):
            [event] = kept_events.read([event_id])
        assert event.as_json() == {
            "specversion": "1.0",
            "id": str(event_id),
            "source": "/orderx/test",
            "type": "test.happened",
            "subject": str(company.id),
            "time": ids.created_at(event_id).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "companyid": str(company.id),
            "sequence": "0000000007",
            "data": {"n": 1},
        }
        assert kept_events.CloudEvent.from_json(event.as_json()) == event

    def test_keeps_and_sends_nothing_when_the_transaction_fails(self, company, owner):
        with pytest.raises(RuntimeError), db.transaction(Tenant(company_id=company.id)):
            outbox.publish("test.happened", {}, subject=company.id, company_id=company.id)
            raise RuntimeError
        assert owner.execute("SELECT count(*) FROM events WHERE type = 'test.happened'").fetchone() == (0,)

    def test_keeps_events_of_users_without_a_company(self, database, owner):
        user = factories.make_user()
        with db.transaction(Tenant(user_id=user.id)):
            outbox.publish("test.happened", {}, subject=user.id, company_id=None)
        kept = owner.execute("SELECT company_id, subject FROM events WHERE type = 'test.happened'").fetchall()
        assert kept == [(None, user.id)]


class TestRotation:
    def test_creates_the_partitions_of_the_coming_week(self, database, owner):
        kept_events.rotate_partitions()
        coming = {name_of(today() + timedelta(days=days)) for days in range(-1, 8)}
        assert coming | {"other"} <= partitions(owner)

    def test_drops_the_partitions_of_events_that_are_no_longer_kept(self, database, owner):
        for age in (kept_events.KEPT.days, kept_events.KEPT.days + 1, 400):
            day = today() - timedelta(days=age)
            owner.execute(
                f"CREATE TABLE event_partitions.{name_of(day)} PARTITION OF events"
                f" FOR VALUES FROM ('{ids.first_at(day)}') TO ('{ids.first_at(day + timedelta(days=1))}')"
            )
            insert(owner, ids.first_at(day))
        kept_events.rotate_partitions()
        old = {name for name in partitions(owner) if name < name_of(today() - timedelta(days=1))} - {"other"}
        assert old == {name_of(today() - kept_events.KEPT)}
        assert owner.execute("SELECT id FROM events").fetchall() == [(ids.first_at(today() - kept_events.KEPT),)]
        owner.execute(f"DROP TABLE event_partitions.{old.pop()}")

    def test_leaves_the_events_of_days_without_a_partition_where_they_are(self, database, owner):
        with_events, later = (today() + timedelta(days=days) for days in (5, 6))
        for day in (with_events, later):
            owner.execute(f"DROP TABLE event_partitions.{name_of(day)}")
        insert(owner, ids.first_at(with_events))
        kept_events.rotate_partitions()
        assert partition_of(owner, ids.first_at(with_events)) == "event_partitions.other"
        assert name_of(with_events) not in partitions(owner)
        assert name_of(later) in partitions(owner)
        owner.execute("DELETE FROM events")
        kept_events.rotate_partitions()
        assert name_of(with_events) in partitions(owner)

    @pytest.fixture
    def unpartitioned(self, database, owner):
        """Two coming days without a partition, while the default partition has 1,000 events of earlier days."""
        days = [today() + timedelta(days=days) for days in (5, 6)]
        for day in days:
            owner.execute(f"DROP TABLE event_partitions.{name_of(day)}")
        early = ids.first_at(today() - timedelta(days=9)).hex[:12]
        owner.execute(
            "INSERT INTO events (id, type, subject, data) SELECT (%s || lpad(n::text, 20, '0'))::uuid,"
            " 'test.happened', gen_random_uuid(), '{}' FROM generate_series(1, 1000) n",
            [early],
        )
        yield days
        owner.execute("DELETE FROM events")
        kept_events.rotate_partitions()

    def test_neither_reads_the_default_partition_while_it_is_locked_nor_locks_it_while_it_is_read(self, unpartitioned):
        seen = []
        for _ in range(3):
            with db.operator_transaction():
                before = rows_read()  # with those of the transaction before, which PostgreSQL counts once a second
                db.run("SELECT rotate_event_partitions()", {})
                modes = {mode for (mode,) in db.run(LOCKS, {})}
                seen.append((rows_read() - before >= 1000, "AccessExclusiveLock" in modes))
        assert seen == [(False, True), (True, False), (False, True)]

    def test_creates_the_partitions_of_days_to_come_while_the_default_partition_has_events(self, owner, unpartitioned):
        kept_events.rotate_partitions()
        assert {name_of(day) for day in unpartitioned} <= partitions(owner)
        assert constraints_of_other(owner) == []

    def test_lets_events_be_published_while_it_reads_the_default_partition(self, owner, unpartitioned):
        with db.operator_transaction():
            db.run("SELECT rotate_event_partitions()", {})
        with db.operator_transaction():
            db.run("SELECT rotate_event_partitions()", {})
            owner.execute("SET lock_timeout = '2s'")
            insert(owner, ids.first_at(today() - timedelta(days=8)))  # into the default partition

    def test_drops_a_constraint_that_was_left_over_before_it_refuses_an_event(self, owner, unpartitioned):
        tomorrow = today() + timedelta(days=1)
        owner.execute(f"DROP TABLE event_partitions.{name_of(tomorrow)}")
        first, end = ids.first_at(tomorrow), ids.first_at(tomorrow + timedelta(days=1))
        constraint = f"CONSTRAINT not_{name_of(tomorrow)} CHECK (id < '{first}' OR id >= '{end}')"
        owner.execute(f"ALTER TABLE event_partitions.other ADD {constraint}")
        with db.operator_transaction():
            db.run("SELECT rotate_event_partitions()", {})
        assert f"not_{name_of(tomorrow)}" not in constraints_of_other(owner)
        insert(owner, ids.first_at(tomorrow))

    def test_deletes_expired_events_of_days_without_a_partition(self, database, owner):
        kept, expired = (ids.first_at(today() - kept_events.KEPT - timedelta(days=days)) for days in (0, 1))
        insert(owner, kept)
        insert(owner, expired)
        kept_events.rotate_partitions()
        assert owner.execute("SELECT id FROM events").fetchall() == [(kept,)]

    def test_creates_partitions_even_if_an_old_one_is_in_use(self, database, owner):
        old, coming = today() - timedelta(days=400), today() + timedelta(days=6)
        owner.execute(
            f"CREATE TABLE event_partitions.{name_of(old)} PARTITION OF events"
            f" FOR VALUES FROM ('{ids.first_at(old)}') TO ('{ids.first_at(old + timedelta(days=1))}')"
        )
        owner.execute(f"DROP TABLE event_partitions.{name_of(coming)}")
        with psycopg.connect(database) as report:
            report.execute(f"SELECT FROM event_partitions.{name_of(old)}")
            kept_events.rotate_partitions()
            assert {name_of(old), name_of(coming)} <= partitions(owner)
        kept_events.rotate_partitions()
        assert name_of(old) not in partitions(owner)

    def test_waits_for_no_transaction_that_uses_the_table(self, database, owner):
        day = today() + timedelta(days=6)
        owner.execute(f"DROP TABLE event_partitions.{name_of(day)}")
        with psycopg.connect(database) as report:
            report.execute("SELECT count(*) FROM events")
            kept_events.rotate_partitions()
            assert name_of(day) not in partitions(owner)
        kept_events.rotate_partitions()
        assert name_of(day) in partitions(owner)


def test_the_inbox_remembers_for_longer_than_events_are_kept():
    [rule] = outbox.RETENTION_RULES
    assert rule.age > kept_events.KEPT + timedelta(days=1)
