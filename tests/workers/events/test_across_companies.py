"""Reactions across companies: one transaction for a batch of many companies, over tables that are for them."""

from collections import Counter
from datetime import timedelta

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from kit import clock, db
from kit.ids import new_id
from kit.messaging import outbox
from kit.messaging.cloud_events import CloudEvent
from kit.messaging.tasks import task_body
from saga.reactions.definition import DECLARED, reaction
from saga.reactions.table import REACTIONS, RECORDED_IN
from tests import factories
from tests.workers.events.deliveries import Delivery
from workers.celery_internals.acks import BatchedAcks
from workers.events import reactions, replay
from workers.events.consumer import handle_messages
from workers.events.missed_events import GRACE_PERIOD, Replayer

CONSUMER = "test.events"
TABLE = """
    DROP TABLE IF EXISTS heard;
    CREATE TABLE heard (event_id uuid PRIMARY KEY, company_id uuid, written_by xid8 DEFAULT pg_current_xact_id());
    GRANT SELECT, INSERT ON heard TO orderx_across_companies"""
HEAR = """
    INSERT INTO heard (event_id, company_id) SELECT * FROM unnest(%(ids)s::uuid[], %(companies)s::uuid[])
    ON CONFLICT (event_id) DO NOTHING RETURNING event_id, company_id"""

pytestmark = pytest.mark.undeclared_events


@pytest.fixture
def owner(database):
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def batches(owner, monkeypatch):
    """A consumer keeps `test.happened` in the table `heard`, and sends a task about each; the sizes of its batches."""
    owner.execute(TABLE)
    sizes = []

    def hear(events, now):
        sizes.append(len(events))
        values = {"ids": [event.id for event in events], "companies": [event.company_id for event in events]}
        for event_id, company_id in db.run(HEAR, values).fetchall():
            body = task_body("notifications.tell", {"event_id": str(event_id)}, task_id=str(new_id()))
            outbox.send("task", body, company_id=company_id)

    before = list(DECLARED)
    reaction(CONSUMER, "test.happened", across_companies=True, recorded_in="heard")(hear)
    [declared] = [each for each in DECLARED if each not in before]
    monkeypatch.setitem(REACTIONS, CONSUMER, {declared.event_type: declared.handle})
    monkeypatch.setitem(RECORDED_IN, CONSUMER, declared.recorded_in)
    yield sizes
    DECLARED[:] = before
    owner.execute("DROP TABLE heard")


@pytest.fixture
def events(database):
    """Two events of each of two companies, and one of none; they are kept."""
    companies = [factories.make_company().id for _ in range(2)]
    made = [CloudEvent(new_id(), of, "test.happened", new_id(), {}) for of in (*companies, *companies, None)]
    with db.operator_transaction():
        for event in made:
            outbox.send_event(event)
    with db.operator_transaction():
        db.run("DELETE FROM outbox", {})
    return made


def handled(*events):
    """Handle these events as one batch; returns the consumer's answers."""
    deliveries, acks = [Delivery(event) for event in events], BatchedAcks((), sequential_tags=False)
    handle_messages(CONSUMER, acks, deliveries)
    acks.flush()
    return Counter(delivery.answer for delivery in deliveries)


def heard(owner):
    return owner.execute("SELECT event_id, company_id FROM heard ORDER BY event_id").fetchall()


class TestAReactionAcrossCompanies:
    def test_gets_the_events_of_all_companies_in_one_transaction(self, owner, batches, events):
        assert handled(*events) == {"acknowledged": 5}
        assert batches == [5]
        assert heard(owner) == sorted((event.id, event.company_id) for event in events)
        assert owner.execute("SELECT count(DISTINCT written_by::text) FROM heard").fetchone() == (1,)

    def test_does_its_work_once_for_each_event_without_the_inbox(self, owner, batches, events):
        handled(*events[:3])
        assert handled(*events) == {"acknowledged": 5}
        assert len(heard(owner)) == 5
        assert owner.execute("SELECT count(*) FROM inbox").fetchone() == (0,)
        assert owner.execute("SELECT count(*) FROM outbox WHERE kind = 'task'").fetchone() == (5,)

    def test_cannot_read_other_tables(self, batches, events, monkeypatch):
        monkeypatch.setitem(REACTIONS[CONSUMER], "test.happened", lambda *_: db.run("SELECT FROM orders", {}))
        with pytest.raises(InsufficientPrivilege):
            reactions.react_once(CONSUMER, events)
        assert handled(*events) == {"requeued": 5}

    def test_fails_for_one_event_alone(self, owner, batches, events, monkeypatch):
        hear = REACTIONS[CONSUMER]["test.happened"]

        def fail_for_the_first(batch, now):
            if events[0].id in {event.id for event in batch}:
                raise RuntimeError
            hear(batch, now)

        monkeypatch.setitem(REACTIONS[CONSUMER], "test.happened", fail_for_the_first)
        assert handled(*events) == {"acknowledged": 4, "requeued": 1}
        assert len(heard(owner)) == 4

    def test_is_replayed_for_the_events_that_its_table_lacks(self, owner, batches, events):
        handled(*events[:2])
        now = clock.now()
        [progress] = replay.replay(CONSUMER, since=now - timedelta(hours=1), until=now + timedelta(seconds=1))
        assert (progress.read, progress.processed, progress.skipped) == (5, 3, 2)
        assert len(heard(owner)) == 5

    def test_is_served_by_the_sweeper_with_what_it_has_missed(self, owner, batches, events):
        handled(*events[:2])
        replayer, later = Replayer(now=clock.now()), clock.now() + 2 * GRACE_PERIOD
        assert [replayer.replay(now=later), replayer.replay(now=later)] == [3, 0]
        assert len(heard(owner)) == 5


class TestTheDeclaration:
    def test_names_the_table_of_a_reaction_across_companies_and_of_no_other(self):
        with pytest.raises(TypeError, match="names the table"):
            reaction(CONSUMER, "test.happened", across_companies=True)
        with pytest.raises(TypeError, match="names the table"):
            reaction(CONSUMER, "test.happened", recorded_in="heard")

    def test_names_the_same_table_for_all_reactions_of_a_consumer(self):
        with pytest.raises(TypeError, match="recorded in different tables"):
            reaction("notification.events", "test.happened", across_companies=True, recorded_in="heard")(print)
