"""A schedule that does not run, or fails again and again, opens an alert that ends when it runs."""

from datetime import timedelta

import psycopg
import pytest

from kit import clock
from kit.schedules import runs
from workers import schedules
from workers.alerts.schedules import ScheduleMonitor

NAME = "close_due_companies"


@pytest.fixture
def monitor(database):
    return ScheduleMonitor()


@pytest.fixture
def update(database):
    def execute(assignments):
        with psycopg.connect(database) as connection:
            connection.execute(f"UPDATE schedules SET {assignments} WHERE name = '{NAME}'")

    return execute


def run_it(error=None):
    declared = {NAME: schedules.declared()[NAME]}
    runs.claim_due(declared, now=clock.now())
    run_id = runs.run_now(NAME, now=clock.now()) if not running() else running()
    runs.start(NAME, run_id, now=clock.now())
    runs.finish(NAME, run_id, now=clock.now(), error=error)


def running():
    with runs.db.operator_transaction():
        [row] = [row for row in runs.all_rows() if row.name == NAME]
    return row.run_id


class TestOverdue:
    def test_opens_when_no_run_ends_and_closes_when_one_does(self, monitor, update, open_alerts):
        monitor.check()
        assert open_alerts() == []
        update("next_run_at = now() - overdue_after - interval '1 second'")
        monitor.check()
        assert open_alerts() == [("schedule_overdue", NAME)]
        run_it()
        monitor.check()
        assert open_alerts() == []

    def test_opens_when_a_run_is_sent_and_not_run(self, monitor, update, open_alerts):
        monitor.check()
        runs.run_now(NAME, now=clock.now() - timedelta(hours=2))
        monitor.check()
        assert open_alerts() == [("schedule_overdue", NAME)]

    def test_opens_though_no_scheduler_ever_ran(self, monitor, update, open_alerts):
        monitor.check()
        update("next_run_at = now() - interval '1 day'")
        monitor.check()
        assert open_alerts() == [("schedule_overdue", NAME)]


class TestFailing:
    def test_opens_at_the_third_failure_and_closes_at_a_success(self, monitor, open_alerts):
        monitor.check()
        for number in range(3):
            assert open_alerts() == [], number
            run_it(error="KeyError")
            monitor.check()
        assert open_alerts() == [("schedule_failing", NAME)]
        run_it()
        monitor.check()
        assert open_alerts() == []


class TestOtherRelease:
    @pytest.fixture
    def of_another_release(self, database, monkeypatch):
        """A monitor of a release that does not declare the schedule."""
        declared = {name: schedule for name, schedule in schedules.declared().items() if name != NAME}
        with monkeypatch.context() as patch:
            patch.setattr(schedules, "declared", lambda: declared)
            return ScheduleMonitor()

    def test_closes_no_alert_about_a_schedule_that_it_does_not_declare(
        self, monitor, of_another_release, update, open_alerts
    ):
        monitor.check()
        update("next_run_at = now() - overdue_after - interval '1 second', failures = 3")
        monitor.check()
        of_another_release.check()
        assert open_alerts() == [("schedule_failing", NAME), ("schedule_overdue", NAME)]

    def test_closes_alerts_about_deleted_schedules(self, monitor, of_another_release, update, open_alerts):
        monitor.check()
        update("next_run_at = now() - interval '2 days', failures = 3")
        monitor.check()
        of_another_release.check()  # registers its schedules, which deletes the other
        assert open_alerts() == []
