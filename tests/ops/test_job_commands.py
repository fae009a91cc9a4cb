"""`orderx jobs` lists jobs, cancels them and retries failed ones."""

import json

import pytest
from typer.testing import CliRunner

from kit import clock, db
from kit.jobs import rows
from kit.jobs.rows import JobEnded
from ops.cli import app
from workers.alerts import failed_jobs
from workers.retention import delete_expired_backlog


@pytest.fixture
def orderx(database):
    return lambda *words: CliRunner().invoke(app, ["jobs", *words], catch_exceptions=False)


@pytest.fixture
def job_id(database):
    with db.operator_transaction():
        return rows.start(delete_expired_backlog, now=clock.now(), arguments={"table": "inbox"})


def fail(job_id):
    with db.operator_transaction():
        values = {"id": job_id, "error": "KeyError"}
        db.run("UPDATE jobs SET state = 'failed', ended_at = now(), error = %(error)s WHERE id = %(id)s", values)


def open_alerts():
    with db.operator_transaction():
        return [key for (key,) in db.run("SELECT key FROM alerts WHERE kind = 'job_failed' AND closed_at IS NULL", {})]


class TestJobs:
    def test_are_listed(self, orderx, job_id):
        [job] = json.loads(orderx("--json").stdout)
        assert (job["id"], job["name"], job["state"]) == (str(job_id), "delete_expired_backlog", "running")
        assert "delete_expired_backlog table=inbox: running, 0 items" in orderx().stdout
        assert json.loads(orderx("--state", "failed", "--json").stdout) == []

    def test_that_run_are_cancelled_once(self, orderx, job_id):
        assert orderx("cancel", str(job_id)).exit_code == 0
        with pytest.raises(JobEnded):
            orderx("retry", str(job_id))

    def test_that_failed_raise_an_alert_until_they_are_retried(self, orderx, job_id):
        fail(job_id)
        failed_jobs.check()
        assert open_alerts() == [f"delete_expired_backlog {job_id}"]
        orderx("retry", str(job_id))
        failed_jobs.check()
        assert open_alerts() == []
        assert json.loads(orderx("--json").stdout)[0]["state"] == "running"
