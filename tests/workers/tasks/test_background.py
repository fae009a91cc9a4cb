"""A worker runs a schedule that was claimed for it, and records how it ended."""

import signal
from datetime import datetime, timedelta

import psycopg
import pytest
from psycopg.rows import dict_row

from kit import alerts, clock, db
from kit.errors import Conflict
from kit.ids import new_id
from kit.messaging import causation, outbox
from kit.messaging.origin import Origin, begin_trace, trace_id
from kit.process import heartbeat
from kit.schedules import every, runs, schedule
from tests.forked import run_forked
from workers import schedules
from workers.tasks import background


@schedule(every(days=365))
def leave_a_trace(*, now: datetime) -> None:
    """Open an alert, each time a new one."""
    del now
    with db.operator_transaction():
        alerts.trigger("worker_died", {str(new_id()): {}})


@schedule(every(days=365))
def fail(*, now: datetime) -> None:
    """Fail, with a message that names a person."""
    raise LookupError(f"ann@example.com at {now}")


@schedule(every(days=365))
def fail_in_parts(*, now: datetime) -> None:
    """Fail with a group of errors, some of which have messages of ours."""
    raise ExceptionGroup("some parts failed", [Conflict("the shop is open"), *[LookupError(f"ann {now}")] * 3])


@schedule(every(days=365))
def take_too_long(*, now: datetime) -> None:
    """Run a statement into its timeout."""
    del now
    with db.operator_transaction():
        db.run("SET LOCAL statement_timeout = '1ms'", {})
        db.run("SELECT pg_sleep(5)", {})


@schedule(every(days=365))
def meet_an_outage(*, now: datetime) -> None:
    """Run a statement while the database shuts down."""
    del now
    with db.operator_transaction():
        db.run("DO $$ BEGIN RAISE admin_shutdown; END $$", {})


@schedule(every(days=365))
def take_long(*, now: datetime) -> None:
    """Work for long, with heartbeats in between; after each, read when the lease of the run ends."""
    del now
    for _ in range(2):
        heartbeat.beat()
        with db.operator_transaction():
            LEASES.extend(db.run("SELECT lease_until FROM schedules WHERE name = 'take_long'", {}).fetchone())


@schedule(every(days=365))
def publish_events(*, now: datetime) -> None:
    """Publish an event that nothing else has caused, and one that a request has caused."""
    del now
    with db.operator_transaction():
        outbox.publish("test.happened", {}, subject=new_id(), company_id=None)
    with db.operator_transaction():
        causation.set_saga_origins([(new_id(), OF_REQUEST)])
        outbox.publish("test.happened", {}, subject=new_id(), company_id=None)


OF_REQUEST = Origin("a request", begin_trace(new_id()))
LEASES: list[datetime] = []
SCHEDULES = (publish_events, leave_a_trace, fail, fail_in_parts, take_too_long, take_long, meet_an_outage)
DECLARED = {each.name: each for each in SCHEDULES}


@pytest.fixture
def owner(database):
    runs.register(DECLARED, now=clock.now())
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield connection


def row(owner, name="leave_a_trace"):
    [found] = owner.execute("SELECT * FROM schedules WHERE name = %s", [name]).fetchall()
    return found


def traces(owner):
    return owner.execute("SELECT FROM alerts").rowcount


def run_in_new_process(run_id, directory=None):
    return run_forked(lambda: background.run(DECLARED, "leave_a_trace", run_id), failpoint_directory=directory)


class TestRun:
    def test_calls_the_schedule_and_records_its_success(self, owner):
        background.run(DECLARED, "leave_a_trace", runs.run_now("leave_a_trace", now=clock.now()))
        assert (traces(owner), row(owner)["outcome"], row(owner)["run_id"]) == (1, "succeeded", None)

    def test_does_nothing_for_a_message_that_comes_twice(self, owner):
        run_id = runs.run_now("leave_a_trace", now=clock.now())
        for _ in range(2):
            background.run(DECLARED, "leave_a_trace", run_id)
        assert traces(owner) == 1

    @pytest.mark.undeclared_events
    def test_has_a_trace_of_what_nothing_else_has_caused(self, owner):
        run_id = runs.run_now("publish_events", now=clock.now())
        background.run(DECLARED, "publish_events", run_id)
        caused = owner.execute("SELECT context->>'traceparent' AS by FROM events ORDER BY id").fetchall()
        assert [trace_id(each["by"]) for each in caused] == [run_id.hex, trace_id(OF_REQUEST.traceparent)]
        with db.operator_transaction():
            assert causation.current_origin() == Origin()

    def test_records_the_type_of_an_error_without_its_message(self, owner):
        background.run(DECLARED, "fail", runs.run_now("fail", now=clock.now()))
        assert (row(owner, "fail")["outcome"], row(owner, "fail")["error"]) == ("failed", "LookupError")

    def test_records_the_first_errors_of_a_group(self, owner):
        background.run(DECLARED, "fail_in_parts", runs.run_now("fail_in_parts", now=clock.now()))
        assert row(owner, "fail_in_parts")["error"] == (
            "some parts failed: Conflict: the shop is open; LookupError; LookupError; 1 more"
        )

    def test_records_a_timeout_of_a_statement_as_a_failure(self, owner):
        background.run(DECLARED, "take_too_long", runs.run_now("take_too_long", now=clock.now()))
        assert (row(owner, "take_too_long")["outcome"], row(owner, "take_too_long")["error"]) == (
            "failed", "QueryCanceled",
        )  # fmt: skip

    def test_leaves_an_outage_to_the_worker(self, owner):
        run_id = runs.run_now("meet_an_outage", now=clock.now())
        with pytest.raises(psycopg.errors.AdminShutdown):
            background.run(DECLARED, "meet_an_outage", run_id)
        assert row(owner, "meet_an_outage")["run_id"] == run_id

    def test_leaves_a_schedule_of_another_release_to_be_claimed_again(self, owner):
        run_id = runs.run_now("leave_a_trace", now=clock.now())
        background.run({}, "leave_a_trace", run_id)
        assert (row(owner)["run_id"], row(owner)["started_at"]) == (run_id, None)


class TestALongRun:
    @pytest.mark.parametrize(("after", "is_renewed"), [(timedelta(0), True), (timedelta(minutes=1), False)])
    def test_renews_its_lease_at_its_heartbeats(self, owner, monkeypatch, after, is_renewed):
        LEASES.clear()
        monkeypatch.setattr(runs, "RENEW_AFTER", after)
        background.run(DECLARED, "take_long", runs.run_now("take_long", now=clock.now()))
        first, second = LEASES
        assert (second > first) == is_renewed
        assert row(owner, "take_long")["outcome"] == "succeeded"

    def test_renews_no_lease_of_another_run(self, owner):
        run_id = runs.run_now("take_long", now=clock.now())
        runs.start("take_long", run_id, now=clock.now())
        before = row(owner, "take_long")["lease_until"]
        runs.renew("take_long", new_id(), now=clock.now() + timedelta(hours=1))
        assert row(owner, "take_long")["lease_until"] == before


class TestKilledWorker:
    @pytest.mark.parametrize(("point", "traces_left"), [("schedule.started", 0), ("schedule.acted", 1)])
    def test_runs_again_once(self, owner, tmp_path, point, traces_left):
        (tmp_path / point).write_text("SIGKILL")
        run_id = runs.run_now("leave_a_trace", now=clock.now())
        assert run_in_new_process(run_id, tmp_path) == -signal.SIGKILL
        assert traces(owner) == traces_left
        assert run_in_new_process(run_id) == 0  # the broker delivers the message again
        assert traces(owner) == traces_left
        later = clock.now() + runs.RUN_LEASE
        assert runs.claim_due(DECLARED, now=later - timedelta(seconds=30)) == []
        assert runs.claim_due(DECLARED, now=later) == ["leave_a_trace"]
        again = row(owner)["run_id"]
        assert [run_in_new_process(each) for each in (again, run_id)] == [0, 0]
        assert (traces(owner), row(owner)["outcome"], row(owner)["run_id"]) == (traces_left + 1, "succeeded", None)


class TestDeclared:
    def test_has_the_schedules_of_areas_and_sagas(self):
        assert "close_due_companies" in schedules.declared()
