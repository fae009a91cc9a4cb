"""Failed jobs of the same name and key are one alert, until an operator has retried or cancelled them all."""

import pytest

from kit import clock, db
from kit.jobs import rows
from workers.alerts import failed_jobs
from workers.retention import delete_expired_backlog


@pytest.fixture
def failed(database):
    """Starts a job of this key that has failed; returns its id."""

    def start_and_fail(key):
        with db.operator_transaction():
            job_id = rows.start(delete_expired_backlog, now=clock.now(), key=key)
            db.run("UPDATE jobs SET state = 'failed', ended_at = now() WHERE id = %(id)s", {"id": job_id})
        return job_id

    return start_and_fail


class TestCheck:
    def test_opens_one_alert_for_the_jobs_of_a_key_until_all_are_cancelled(self, failed, open_alerts):
        of_inbox = [failed("inbox"), failed("inbox")]
        failed("alerts")
        both = [("job_failed", "delete_expired_backlog alerts"), ("job_failed", "delete_expired_backlog inbox")]
        for job_id in of_inbox:
            failed_jobs.check()
            assert open_alerts() == both
            rows.cancel(job_id, now=clock.now())
        failed_jobs.check()
        assert open_alerts() == both[:1]

    def test_names_the_oldest_job(self, failed, owner):
        oldest, _ = failed("inbox"), failed("inbox")
        failed_jobs.check()
        assert owner("SELECT detail->>'job_id' FROM alerts") == [(str(oldest),)]

    def test_opens_a_limited_number_of_alerts(self, failed, open_alerts):
        keys = [f"{number:03}" for number in reversed(range(failed_jobs.MAX_ALERTS + 1))]
        for key in keys:
            failed(key)
        failed_jobs.check()
        assert [key for _, key in open_alerts()] == sorted(f"delete_expired_backlog {key}" for key in keys[:-1])
