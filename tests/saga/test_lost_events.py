"""Events that no worker has processed are replayed."""

from collections import Counter

import pytest

from kit import clock, db
from saga.reactions.table import REACTIONS
from workers import sweeper
from workers.events import missed_events
from workers.events.missed_events import Replayer

DECLINED = "pm_card_chargeDeclined"
RECEIVED = {"order.created to the buyer": 1, "order.created to the company": 1}


@pytest.fixture
def replayer(scenario):
    return Replayer(now=clock.now())


@pytest.fixture
def mails(scenario):
    """How often each mail about orders was asked for."""

    def count() -> Counter[str]:
        with db.operator_transaction():
            session = db.session()
            rows = session.connection().exec_driver_sql("SELECT occasion, recipient FROM mails").all()
        who = {scenario.buyer.email: "buyer"}
        return Counter(f"{what.partition(':')[0]} to the {who.get(to, 'company')}" for what, to in rows)

    return count


def ended(scenario, *, method="pm_card_visa", ago="1 minute"):
    """An order whose saga has ended so long ago, and whose events are lost."""
    order_id = scenario.place(method=method)
    scenario.deliveries.deliver_all()
    scenario.deliveries.events.clear()
    end = f"ended_at = now() - interval '{ago}'"
    scenario.sql(f"UPDATE sagas SET {end} WHERE ended_at IS NOT NULL AND subject_id = '{order_id}'")
    return order_id


def both(occasion):
    """One mail to the buyer, and one to the company."""
    return {f"{occasion} to the {reader}": 1 for reader in ("buyer", "company")}


class TestReplay:
    def test_sends_the_missed_mails_about_an_order(self, scenario, replayer, mails):
        ended(scenario)
        assert replayer.replay() == 1
        assert mails() == {**RECEIVED, **both("order.completed")}

    def test_sends_the_missed_mails_about_a_failure(self, scenario, replayer, mails):
        ended(scenario, method=DECLINED)
        assert replayer.replay() == 1
        assert mails() == {**RECEIVED, **both("order.failed")}

    def test_sends_the_missed_mails_about_a_cancellation(self, scenario, replayer, mails):
        order_id = ended(scenario)
        replayer.replay()
        scenario.cancel(order_id)
        scenario.deliveries.deliver_all()
        scenario.sql("UPDATE sagas SET ended_at = now() - interval '30 seconds' WHERE name = 'cancel_order'")
        assert replayer.replay() == 1
        assert mails() == {**RECEIVED, **both("order.completed"), **both("order.cancelled")}

    def test_leaves_the_mails_to_the_workers(self, scenario, replayer):
        ended(scenario)
        replayer.replay()
        scenario.expire_deadlines()
        scenario.sql("UPDATE mails SET due_at = now() - interval '1 second', leased_until = NULL")
        sweeper.resend_overdue_mails()
        scenario.deliveries.collect()
        assert [task["task"] for task in scenario.deliveries.tasks] == ["notifications.send_mail"] * 2

    def test_skips_processed_events(self, scenario, replayer, mails):
        scenario.place(method=DECLINED)
        scenario.run_until_idle()
        scenario.sql("UPDATE sagas SET ended_at = now() - interval '1 minute'")
        assert replayer.replay() == 0
        assert mails() == {**RECEIVED, **both("order.failed")}

    def test_sends_no_mail_twice_when_the_event_arrives_late(self, scenario, replayer, mails):
        scenario.place(method=DECLINED)
        scenario.deliveries.deliver_all()
        scenario.sql("UPDATE sagas SET ended_at = now() - interval '1 minute'")
        assert replayer.replay() == 1
        scenario.deliveries.process_events()
        assert mails() == {**RECEIVED, **both("order.failed")}

    def test_reads_each_saga_once(self, scenario, replayer):
        ended(scenario)
        assert [replayer.replay(), replayer.replay()] == [1, 0]
        scenario.sql("DELETE FROM mails")
        assert replayer.replay() == 0
        assert Replayer(now=clock.now()).replay() == 1

    def test_gives_an_event_time_to_arrive(self, scenario, replayer):
        order_id = ended(scenario, ago="1 second")
        assert replayer.replay() == 0
        scenario.sql(f"UPDATE sagas SET ended_at = now() - interval '11 seconds' WHERE subject_id = '{order_id}'")
        assert replayer.replay() == 1

    def test_skips_sagas_that_ended_more_than_a_day_ago(self, scenario, replayer):
        ended(scenario, ago="25 hours")
        assert replayer.replay() == 0

    def test_replays_nothing_while_the_outbox_waits_for_the_broker(self, scenario, replayer):
        ended(scenario)
        scenario.sql("""INSERT INTO outbox (kind, body, available_at)
            VALUES ('event', '{"type": "faults.changed"}', now() - interval '6 seconds')""")
        assert replayer.replay() == 0
        scenario.sql("DELETE FROM outbox")
        assert replayer.replay() == 1

    def test_continues_where_it_stopped_when_there_are_many(self, scenario, replayer, monkeypatch):
        monkeypatch.setattr(missed_events, "MAX_SAGAS_REPLAYED", 2)
        for _ in range(3):
            ended(scenario, method=DECLINED)
        assert [replayer.replay(), replayer.replay(), replayer.replay()] == [2, 1, 0]

    def test_continues_after_a_reaction_that_fails(self, scenario, replayer, mails, monkeypatch):
        poison = ended(scenario, method=DECLINED, ago="2 minutes")
        ended(scenario, method=DECLINED)
        reactions = REACTIONS["notification.events"]
        send_order_received = reactions["order.created"]

        def poisoned(events, now):
            if poison in {event.subject for event in events}:
                raise RuntimeError
            return send_order_received(events, now)

        monkeypatch.setitem(reactions, "order.created", poisoned)
        assert replayer.replay() == 2
        assert mails() == {**RECEIVED, **both("order.failed")}


class TestReactions:
    def test_with_mails_are_to_events_that_the_order_shows(self):
        assert REACTIONS["notification.events"].keys() == {"order.created", "order.failed", "order.cancelled"}
