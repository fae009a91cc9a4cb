"""Expired rows are deleted by a schedule, and a backlog of them by a job."""

from datetime import timedelta

import psycopg
import pytest

from kit import clock
from kit.db.retention import Retention
from kit.jobs import rows, slices
from kit.jobs.slices import Slice
from tests.kit.db.test_retention import count, stale_events
from workers import jobs, retention


@pytest.fixture
def owner(database):
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def job(owner):
    [row] = owner.execute("SELECT id, slice, state, items, position FROM jobs").fetchall()
    return row


class TestDeleteExpiredRows:
    def test_deletes_a_batch_itself_and_leaves_a_backlog_to_one_job(self, owner):
        stale_events(owner, 3_500)
        for _ in range(2):
            retention.delete_expired_rows(now=clock.now())
        assert count(owner, "inbox") == 1_500
        job_id, number, *_ = job(owner)
        slices.work(jobs.declared(), Slice(job_id, None, number))
        assert count(owner, "inbox") == 0
        assert job(owner)[2:4] == ("succeeded", 1_500)

    def test_starts_no_job_while_one_of_the_table_has_failed_until_it_is_cancelled(self, owner):
        stale_events(owner, 3_500)
        retention.delete_expired_rows(now=clock.now())
        job_id, *_ = job(owner)
        owner.execute("UPDATE jobs SET state = 'failed', ended_at = now()")
        retention.delete_expired_rows(now=clock.now())
        assert (count(owner, "inbox"), count(owner, "jobs")) == (1_500, 1)
        rows.cancel(job_id, now=clock.now())
        stale_events(owner, 3_500)
        retention.delete_expired_rows(now=clock.now())
        assert count(owner, "jobs") == 2

    def test_starts_no_job_without_a_backlog(self, owner):
        stale_events(owner, 5)
        retention.delete_expired_rows(now=clock.now())
        assert (count(owner, "inbox"), count(owner, "jobs")) == (0, 0)

    def test_applies_the_other_rules_when_one_fails_and_fails_then(self, owner, monkeypatch):
        stale_events(owner, 3)
        broken = Retention("inbox", "no_such_column", timedelta(days=1))
        monkeypatch.setattr(retention, "rules", lambda real=retention.rules: {"broken": broken, **real()})
        with pytest.raises(ExceptionGroup, match="not deleted"):
            retention.delete_expired_rows(now=clock.now())
        assert count(owner, "inbox") == 0
