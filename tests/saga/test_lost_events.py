"""Events that no worker has processed are replayed."""

import json
from collections import Counter
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from kit import clock, db
from kit.errors import NotFound
from ops.cli import app as cli
from saga.reactions.table import REACTIONS
from workers.events import missed_events
from workers.events import replay as replay_module
from workers.events.missed_events import GRACE_PERIOD, LOOK_BACK, LOOK_BACK_EVERY, Replayer
from workers.overdue_mails import MailResender

DECLINED = "pm_card_chargeDeclined"
REPLAYABLE = GRACE_PERIOD + timedelta(seconds=1)
OVER = GRACE_PERIOD + LOOK_BACK + timedelta(minutes=1)
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


@pytest.fixture
def replay(replayer):
    """Replay what was missed, as if it were later than now."""

    def replaying(*, later=REPLAYABLE):
        return replayer.replay(now=clock.now() + later)

    return replaying


@pytest.fixture
def failing(monkeypatch):
    """The orders about whose `order.created` the reaction fails."""
    orders = set()
    reactions = REACTIONS["notification.events"]
    send_order_received = reactions["order.created"]

    def react(events, now):
        if orders & {event.subject for event in events}:
            raise RuntimeError
        return send_order_received(events, now)

    monkeypatch.setitem(reactions, "order.created", react)
    return orders


def lost(scenario, *, method="pm_card_visa"):
    """An order that has ended, and whose events are lost."""
    order_id = scenario.place(method=method)
    scenario.deliveries.deliver_all()
    scenario.deliveries.events.clear()
    return order_id


def both(occasion):
    """One mail to the buyer, and one to the company."""
    return {f"{occasion} to the {reader}": 1 for reader in ("buyer", "company")}


class TestReplayer:
    def test_sends_the_missed_mails_about_an_order(self, scenario, replay, mails):
        lost(scenario)
        assert replay() == 1
        assert mails() == {**RECEIVED, **both("order.completed")}

    def test_sends_the_missed_mails_about_a_failure(self, scenario, replay, mails):
        lost(scenario, method=DECLINED)
        assert replay() == 2
        assert mails() == {**RECEIVED, **both("order.failed")}

    def test_sends_the_missed_mails_about_a_cancellation(self, scenario, replay, mails):
        order_id = lost(scenario)
        replay()
        scenario.cancel(order_id)
        scenario.deliveries.deliver_all()
        assert replay() == 1
        assert mails() == {**RECEIVED, **both("order.completed"), **both("order.cancelled")}

    def test_leaves_the_mails_to_the_workers(self, scenario, replay):
        lost(scenario)
        replay()
        scenario.expire_deadlines()
        scenario.sql("UPDATE mails SET retry_at = now() - interval '1 second', leased_until = NULL")
        MailResender(now=clock.now()).resend(now=clock.now())
        scenario.deliveries.collect()
        assert [task["task"] for task in scenario.deliveries.tasks] == ["notifications.send_mail"] * 2

    def test_skips_processed_events(self, scenario, replay, mails):
        scenario.place(method=DECLINED)
        scenario.run_until_idle()
        assert replay() == 0
        assert mails() == {**RECEIVED, **both("order.failed")}

    def test_sends_no_mail_twice_when_the_event_arrives_late(self, scenario, replay, mails):
        scenario.place(method=DECLINED)
        scenario.deliveries.deliver_all()
        assert replay() == 2
        scenario.deliveries.process_events()
        assert mails() == {**RECEIVED, **both("order.failed")}

    def test_reads_an_event_once_unless_it_is_recent(self, scenario, replay):
        lost(scenario)
        assert [replay(), replay()] == [1, 0]
        scenario.sql("DELETE FROM inbox")
        assert replay(later=OVER) == 0
        assert Replayer(now=clock.now()).replay(now=clock.now() + OVER) == 1

    def test_gives_an_event_time_to_arrive(self, scenario, replay):
        lost(scenario)
        assert replay(later=timedelta(seconds=30)) == 0  # its consumer is busy
        assert replay() == 1

    def test_skips_events_that_are_older_than_a_day(self, scenario):
        lost(scenario)
        tomorrow = clock.now() + timedelta(hours=25)
        assert Replayer(now=tomorrow).replay(now=tomorrow) == 0

    def test_replays_nothing_while_the_outbox_waits_for_the_broker(self, scenario, replay):
        lost(scenario)
        scenario.sql("""INSERT INTO outbox (kind, body, available_at)
            VALUES ('event', '{"type": "faults.changed"}', now() - interval '6 seconds')""")
        assert replay() == 0
        scenario.sql("DELETE FROM outbox")
        assert replay() == 1

    @pytest.mark.parametrize("limit", ["MAX_REPLAYED", "MAX_READ"])
    def test_continues_where_it_stopped_when_there_are_many(self, scenario, replay, monkeypatch, limit):
        monkeypatch.setattr(missed_events, limit, 2)
        for _ in range(2):
            lost(scenario, method=DECLINED)
        replayed = [replay() for _ in range(10)]
        assert sum(replayed) == 4
        assert max(replayed) <= 2

    def test_continues_after_a_reaction_that_fails(self, scenario, replay, mails, failing):
        failing.add(lost(scenario, method=DECLINED))
        lost(scenario, method=DECLINED)
        assert replay() == 4
        assert mails() == {**RECEIVED, "order.failed to the buyer": 2, "order.failed to the company": 2}

    def test_tries_a_reaction_that_failed_again_every_minute(self, scenario, replay, mails, failing):
        failing.add(lost(scenario, method=DECLINED))
        with capture_logs() as logs:
            assert [replay(later=REPLAYABLE + number * LOOK_BACK_EVERY) for number in range(3)] == [2, 1, 1]
        with db.operator_transaction():
            [(event_id,)] = db.run("SELECT id FROM events WHERE type = 'order.created'", {})
        errors = [entry["event_id"] for entry in logs if entry["event"] == "event not replayed"]
        assert errors == [str(event_id)] * 3
        failing.clear()
        assert replay(later=REPLAYABLE + 3 * LOOK_BACK_EVERY) == 1
        assert mails() == {**RECEIVED, **both("order.failed")}

    def test_gives_a_reaction_up_that_fails_for_long(self, scenario, replay, failing):
        failing.add(lost(scenario, method=DECLINED))
        assert [replay(), replay()] == [2, 1]
        assert [replay(later=OVER), replay(later=OVER + LOOK_BACK_EVERY)] == [0, 0]

    def test_finds_an_event_that_was_committed_long_after_its_id_was_made(self, scenario, replay):
        lost(scenario)
        scenario.sql("UPDATE events SET type = 'invisible.' || type")
        assert replay() == 0
        scenario.sql("UPDATE events SET type = replace(type, 'invisible.', '')")
        assert replay(later=REPLAYABLE + 5 * LOOK_BACK_EVERY) == 1


class TestReplay:
    """What `orderx events replay` does."""

    def test_serves_a_consumer_that_lost_its_queue_exactly_once(self, scenario, mails):
        lost(scenario, method=DECLINED)
        scenario.place(method=DECLINED)
        scenario.run_until_idle()
        [progress] = replayed()
        assert (progress.read, progress.processed, progress.skipped, progress.failed) == (4, 2, 2, 0)
        [again] = replayed()
        assert (again.read, again.processed, again.skipped) == (4, 0, 4)
        twice = dict.fromkeys((*RECEIVED, *both("order.failed")), 2)
        assert mails() == twice

    def test_only_counts_in_a_dry_run(self, scenario, mails):
        lost(scenario)
        [progress] = replayed(dry_run=True)
        assert (progress.read, progress.processed) == (1, 1)
        assert mails() == both("order.completed")

    def test_goes_on_in_batches_from_since_until(self, scenario, monkeypatch):
        monkeypatch.setattr(replay_module, "BATCH_SIZE", 1)
        before = clock.now()
        lost(scenario, method=DECLINED)
        after = clock.now() + timedelta(milliseconds=1)
        assert [progress.processed for progress in replayed(since=before, until=after)] == [1, 2, 2]
        assert [progress.read for progress in replayed(since=after)] == [0]
        assert [progress.read for progress in replayed(until=before)] == [0]

    def test_refuses_an_unknown_consumer(self, database):
        with pytest.raises(NotFound, match=r"no consumer is called 'order\.events'; there are notification\.events"):
            replayed(consumer="order.events")

    def test_prints_its_progress(self, scenario):
        lost(scenario)
        result = CliRunner().invoke(
            cli, ["events", "replay", "--consumer", "notification.events", "--since", "2026-01-01T10:00Z", "--json"]
        )
        assert (result.exit_code, json.loads(result.stdout)["processed"]) == (0, 1)


def replayed(consumer="notification.events", since=None, until=None, **options):
    """Every progress of a replay; by default of the last hour."""
    begin, end = since or clock.now() - timedelta(hours=1), until or clock.now() + timedelta(milliseconds=1)
    return list(replay_module.replay(consumer, since=begin, until=end, **options))
