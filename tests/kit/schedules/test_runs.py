"""Each run is sent once, whatever the number of schedulers, and runs again, once, after its worker was killed."""

import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import psycopg
import pytest
from psycopg.rows import dict_row

from kit.errors import NotFound
from kit.ids import new_id
from kit.schedules import every, runs, schedule
from kit.schedules.runs import RunInProgress
from tests.forked import run_forked

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def declare(timing=every(minutes=10), **options):  # noqa: B008 - timings are constants
    @schedule(timing, **options)
    def water_plants(*, now: datetime) -> None:
        del now

    return {"water_plants": water_plants}


@pytest.fixture
def owner(database):
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
def declared(owner):
    """A schedule that is due at 12:10."""
    schedules = declare()
    runs.register(schedules, now=NOON)
    return schedules


def row(owner):
    [found] = owner.execute("SELECT * FROM schedules").fetchall()
    return found


def sent(owner):
    """The ids of the runs whose task is in the outbox."""
    return [each["body"]["kwargs"]["run_id"] for each in owner.execute("SELECT body FROM outbox ORDER BY id")]


def claimed_run(owner, declared, *, now=NOON + 10 * MINUTE):
    assert runs.claim_due(declared, now=now) == ["water_plants"]
    return row(owner)["run_id"]


class TestRegister:
    def test_adds_a_schedule_once(self, owner, declared):
        runs.register(declared, now=NOON + 5 * MINUTE)
        assert row(owner)["next_run_at"] == NOON + 10 * MINUTE

    def test_keeps_what_is_due_when_a_scheduler_starts(self, owner, declared):
        runs.register(declared, now=NOON + 30 * MINUTE)
        assert row(owner)["next_run_at"] == NOON + 10 * MINUTE

    def test_applies_a_changed_timing(self, owner, declared):
        runs.register(declare(every(hours=1)), now=NOON + MINUTE)
        assert (row(owner)["timing"], row(owner)["next_run_at"]) == ("every hour", NOON + 60 * MINUTE)

    def test_forgets_a_schedule_that_nobody_has_claimed_for_a_day(self, owner, declared):
        runs.register({}, now=NOON + timedelta(days=1))
        assert row(owner)
        runs.register({}, now=NOON + timedelta(days=1, minutes=11))
        assert owner.execute("SELECT FROM schedules").rowcount == 0


class TestClaimDue:
    def test_sends_the_task_of_a_due_run(self, owner, declared):
        assert runs.claim_due(declared, now=NOON + 10 * MINUTE - SECOND) == []
        run_id = claimed_run(owner, declared)
        assert sent(owner) == [str(run_id)]
        assert row(owner)["next_run_at"] == NOON + 20 * MINUTE

    def test_sends_nothing_while_a_run_is_under_way(self, owner, declared):
        run_id = claimed_run(owner, declared)
        assert runs.start("water_plants", run_id, now=NOON + 20 * MINUTE - SECOND)
        assert runs.claim_due(declared, now=NOON + 20 * MINUTE) == []

    def test_sends_each_run_once_when_schedulers_race(self, owner, declared):
        schedulers, rounds = 4, 10
        barrier = Barrier(schedulers)

        def scheduler(_: int) -> int:
            claimed = 0
            for each in range(1, rounds + 1):
                barrier.wait()
                claimed += len(runs.claim_due(declared, now=NOON + each * 10 * MINUTE))
                if barrier.wait() == 0:
                    owner.execute("UPDATE schedules SET run_id = NULL, lease_until = NULL")
                barrier.wait()
            return claimed

        with ThreadPoolExecutor(schedulers) as threads:
            assert sum(threads.map(scheduler, range(schedulers))) == rounds
        assert len(set(sent(owner))) == len(sent(owner)) == rounds

    def test_leaves_schedules_of_other_releases_alone(self, owner, declared):
        assert runs.claim_due({}, now=NOON + 10 * MINUTE) == []

    def test_catches_up_with_missed_runs_by_one(self, owner, declared):
        run_id = claimed_run(owner, declared, now=NOON + 45 * MINUTE)
        assert row(owner)["next_run_at"] == NOON + 50 * MINUTE
        runs.start("water_plants", run_id, now=NOON + 45 * MINUTE)
        runs.finish("water_plants", run_id, now=NOON + 46 * MINUTE)
        assert runs.claim_due(declared, now=NOON + 46 * MINUTE) == []

    def test_skips_missed_runs_if_declared_so(self, owner):
        schedules = declare(missed="skip")
        runs.register(schedules, now=NOON)
        assert runs.claim_due(schedules, now=NOON + 45 * MINUTE) == []
        assert row(owner)["next_run_at"] == NOON + 50 * MINUTE
        assert runs.claim_due(schedules, now=NOON + 50 * MINUTE) == ["water_plants"]


class TestLease:
    def test_of_a_lost_message_ends_after_minutes(self, owner, declared):
        first = claimed_run(owner, declared)
        assert runs.claim_due(declared, now=NOON + 10 * MINUTE + runs.SENT_LEASE - SECOND) == []
        again = claimed_run(owner, declared, now=NOON + 10 * MINUTE + runs.SENT_LEASE)
        assert sent(owner) == [str(first), str(again)]
        assert row(owner)["run_due_at"] == NOON + 10 * MINUTE

    def test_fences_a_run_that_was_claimed_again(self, owner, declared):
        first = claimed_run(owner, declared)
        assert runs.start("water_plants", first, now=NOON + 10 * MINUTE)
        again = claimed_run(owner, declared, now=NOON + 10 * MINUTE + runs.RUN_LEASE)
        assert not runs.finish("water_plants", first, now=NOON + 12 * MINUTE)
        assert not runs.start("water_plants", first, now=NOON + 12 * MINUTE)
        assert runs.start("water_plants", again, now=NOON + 12 * MINUTE)

    def test_belongs_to_the_process_that_has_begun(self, owner, declared):
        run_id = claimed_run(owner, declared)
        owner.execute("UPDATE schedules SET claimed_by = 'another:1'")
        assert not runs.start("water_plants", run_id, now=NOON + 10 * MINUTE)

    def test_lets_its_process_begin_again_after_an_outage(self, owner, declared):
        run_id = claimed_run(owner, declared)
        assert runs.start("water_plants", run_id, now=NOON + 10 * MINUTE)
        assert runs.start("water_plants", run_id, now=NOON + 11 * MINUTE)
        assert row(owner)["started_at"] == NOON + 10 * MINUTE


class TestFinish:
    def run(self, owner, declared, error=None):
        run_id = claimed_run(owner, declared)
        runs.start("water_plants", run_id, now=NOON + 10 * MINUTE)
        assert runs.finish("water_plants", run_id, now=NOON + 10 * MINUTE + 3 * SECOND, error=error)
        return row(owner)

    def test_records_the_last_run(self, owner, declared):
        last = self.run(owner, declared)
        assert (last["outcome"], last["last_run_at"], last["last_duration"], last["run_id"]) == (
            "succeeded", NOON + 10 * MINUTE, 3 * SECOND, None,
        )  # fmt: skip

    def test_repeats_a_failed_run_sooner_and_then_later(self, owner, declared):
        last = self.run(owner, declared, error="KeyError")
        assert (last["outcome"], last["error"], last["failures"]) == ("failed", "KeyError", 1)
        assert last["next_run_at"] == NOON + 11 * MINUTE + 3 * SECOND
        owner.execute("UPDATE schedules SET failures = 40")
        runs.claim_due(declared, now=NOON + 12 * MINUTE)
        runs.start("water_plants", row(owner)["run_id"], now=NOON + 12 * MINUTE)
        runs.finish("water_plants", row(owner)["run_id"], now=NOON + 12 * MINUTE, error="KeyError")
        assert row(owner)["next_run_at"] == NOON + 20 * MINUTE

    def test_forgets_failures_after_a_success(self, owner, declared):
        self.run(owner, declared, error="KeyError")
        claimed_run(owner, declared, now=NOON + 12 * MINUTE)
        runs.start("water_plants", row(owner)["run_id"], now=NOON + 12 * MINUTE)
        runs.finish("water_plants", row(owner)["run_id"], now=NOON + 12 * MINUTE)
        assert (row(owner)["failures"], row(owner)["error"]) == (0, None)

    def test_is_recorded_once(self, owner, declared):
        self.run(owner, declared)
        assert not runs.finish("water_plants", new_id(), now=NOON)


class TestRunNow:
    def test_sends_a_run_and_leaves_the_next_one_at_its_time(self, owner, declared):
        run_id = runs.run_now("water_plants", now=NOON)
        assert sent(owner) == [str(run_id)]
        assert row(owner)["next_run_at"] == NOON + 10 * MINUTE

    def test_refuses_a_second_run_at_the_same_time(self, declared):
        runs.run_now("water_plants", now=NOON)
        with pytest.raises(RunInProgress):
            runs.run_now("water_plants", now=NOON)

    def test_refuses_an_unknown_schedule(self, declared):
        with pytest.raises(NotFound, match="no schedule is called 'feed_cats'"):
            runs.run_now("feed_cats", now=NOON)


class TestKilledScheduler:
    @pytest.mark.processes
    def test_has_claimed_nothing_when_it_dies_before_the_commit(self, owner, declared, tmp_path):
        (tmp_path / "schedule.claiming").write_text("SIGKILL")

        def claim() -> None:
            runs.claim_due(declared, now=NOON + 10 * MINUTE)

        assert run_forked(claim, failpoint_directory=tmp_path) == -signal.SIGKILL
        assert (sent(owner), row(owner)["run_id"]) == ([], None)
        claimed_run(owner, declared)
        assert len(sent(owner)) == 1
