"""A job moves slice by slice, each call in one transaction with its position, and goes on after a kill."""

import signal
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from kit import alerts, clock, db
from kit.errors import NotFound
from kit.ids import new_id
from kit.jobs import Call, Job, Progress, declared_in, job, rows, slices
from kit.jobs.rows import JobEnded, JobRunning
from kit.jobs.slices import Slice
from kit.tenancy import Tenant
from tests import factories
from tests.forked import run_forked

END = 5
TENANTS: list[tuple[UUID | None, UUID]] = []


@job
def count_up(call: Call) -> Progress:
    """Open an alert for each number up to END."""
    number = call.position.get("number", 0) + 1
    if number == call.arguments.get("failing_at"):
        db.run(call.arguments.get("statement", "SELECT 1"), {})
        raise LookupError("ann@example.com")
    alerts.trigger("worker_died", {str(number): {}})
    return Progress({"number": number} if number < END else None, items=1)


@job
def record_tenant(call: Call) -> Progress:
    """Record whose job it is, and whose rows the transaction sees."""
    [(company,)] = db.run("SELECT current_setting('orderx.company_id')::uuid", {})
    TENANTS.append((call.company_id, company))
    return Progress(None)


JOBS = {"count_up": count_up, "record_tenant": record_tenant}


@pytest.fixture
def owner(database):
    with psycopg.connect(database, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
def at_once(monkeypatch):
    """Each slice is one call."""
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)


def start(**options):
    with db.operator_transaction():
        return rows.start(count_up, now=clock.now(), **options)


def row(owner):
    [found] = owner.execute("SELECT * FROM jobs").fetchall()
    return found


def numbers(owner):
    return sorted(int(each["key"]) for each in owner.execute("SELECT key FROM alerts"))


def messages(owner):
    """Take the messages to the workers out of the outbox."""
    taken = owner.execute("DELETE FROM outbox WHERE kind = 'task' RETURNING id, body->'kwargs' AS kwargs").fetchall()
    return [each["kwargs"] for each in sorted(taken, key=lambda each: each["id"])]


def as_slice(message):
    company = message.get("company_id")
    return Slice(UUID(message["job_id"]), UUID(company) if company else None, int(message["slice"]))


def work_until_done(owner):
    worked = 0
    while found := messages(owner):
        for each in found:
            slices.work(JOBS, as_slice(each))
            worked += 1
    return worked


class TestWork:
    def test_does_everything_once_in_one_slice_if_there_is_time(self, owner):
        start()
        assert work_until_done(owner) == 1
        assert numbers(owner) == [1, 2, 3, 4, 5]
        assert (row(owner)["state"], row(owner)["items"]) == ("succeeded", END)

    def test_leaves_the_rest_to_the_next_slice(self, owner, at_once):
        start()
        assert work_until_done(owner) == END
        assert numbers(owner) == [1, 2, 3, 4, 5]
        assert row(owner)["state"] == "succeeded"

    def test_ignores_a_message_that_comes_twice(self, owner, at_once):
        start()
        [first] = messages(owner)
        for _ in range(2):
            slices.work(JOBS, as_slice(first))
        assert numbers(owner) == [1]
        assert len(messages(owner)) == 1

    @pytest.mark.processes
    def test_leaves_a_job_alone_that_another_worker_is_at(self, owner):
        job_id = start()
        with db.operator_transaction():
            db.run("SELECT FROM jobs WHERE id = %(id)s FOR UPDATE", {"id": job_id})
            assert run_forked(lambda: slices.work(JOBS, Slice(job_id, None, 1))) == 0
        assert numbers(owner) == []

    @pytest.mark.processes
    def test_goes_on_at_its_position_after_a_kill(self, owner, tmp_path):
        job_id = start()
        (tmp_path / "job.moved").write_text("SIGKILL")
        killed = run_forked(lambda: slices.work(JOBS, Slice(job_id, None, 1)), failpoint_directory=tmp_path)
        assert killed == -signal.SIGKILL
        assert (numbers(owner), row(owner)["position"]) == ([1], {"number": 1})
        slices.work(JOBS, Slice(job_id, None, 1))  # the broker delivers the message again
        assert numbers(owner) == [1, 2, 3, 4, 5]
        assert row(owner)["items"] == END

    def test_leaves_a_job_of_another_release_to_its_lease(self, owner):
        job_id = start()
        slices.work({}, Slice(job_id, None, 1))
        assert (row(owner)["state"], row(owner)["position"]) == ("running", {})

    def test_of_a_company_is_done_in_its_transactions(self, owner):
        company = factories.make_company()
        with db.transaction(Tenant(company_id=company.id)):
            rows.start(record_tenant, now=clock.now(), company_id=company.id)
        assert work_until_done(owner) == 1
        assert (row(owner)["state"], TENANTS) == ("succeeded", [(company.id, company.id)])


class TestFailure:
    def test_keeps_what_was_done_and_tries_again_later(self, owner):
        start(arguments={"failing_at": 3})
        slices.work(JOBS, as_slice(messages(owner)[0]))
        assert numbers(owner) == [1, 2]
        assert (row(owner)["error"], row(owner)["failures"]) == ("LookupError", 1)
        [due] = owner.execute("SELECT available_at - now() AS pause FROM outbox").fetchall()
        assert timedelta() < due["pause"] <= slices.RETRY_AFTER

    @pytest.mark.parametrize(
        ("statement", "error"),
        [
            ("DO $$ BEGIN RAISE query_canceled; END $$", "QueryCanceled"),
            ("DO $$ BEGIN RAISE lock_not_available; END $$", "LockNotAvailable"),
        ],
    )
    def test_counts_a_timeout_of_a_statement(self, owner, statement, error):
        start(arguments={"failing_at": 3, "statement": statement})
        slices.work(JOBS, as_slice(messages(owner)[0]))
        assert (numbers(owner), row(owner)["error"], row(owner)["failures"]) == ([1, 2], error, 1)

    def test_leaves_an_outage_to_the_worker(self, owner):
        start(arguments={"failing_at": 3, "statement": "DO $$ BEGIN RAISE admin_shutdown; END $$"})
        with pytest.raises(psycopg.errors.AdminShutdown):
            slices.work(JOBS, as_slice(messages(owner)[0]))
        assert row(owner)["failures"] == 0

    def test_ends_the_job_in_the_end_until_an_operator_retries(self, owner):
        job_id = start(arguments={"failing_at": 3})
        assert work_until_done(owner) == slices.MAX_FAILURES
        assert row(owner)["state"] == "failed"
        owner.execute("UPDATE jobs SET arguments = '{}'")
        rows.retry(job_id, now=clock.now())
        work_until_done(owner)
        assert (numbers(owner), row(owner)["state"]) == ([1, 2, 3, 4, 5], "succeeded")


class TestRetry:
    def test_refuses_a_failed_job_while_another_of_its_key_runs(self, owner):
        failed = start(arguments={"failing_at": 1}, key="all")
        work_until_done(owner)
        running = start(key="all")
        with pytest.raises(JobRunning, match="Another job with the same key is running"):
            rows.retry(failed, now=clock.now())
        assert len(messages(owner)) == 1  # that of the running job
        rows.cancel(running, now=clock.now())
        rows.retry(failed, now=clock.now())
        assert len(messages(owner)) == 1


class TestStart:
    def test_refuses_a_second_job_of_the_same_key_while_one_runs(self, owner):
        assert start(key="all")
        assert start(key="all") is None
        work_until_done(owner)
        assert start(key="all")


class TestCancel:
    def test_ends_a_job_where_it_is(self, owner, at_once):
        job_id = start()
        slices.work(JOBS, as_slice(messages(owner)[0]))
        rows.cancel(job_id, now=clock.now())
        work_until_done(owner)
        assert (numbers(owner), row(owner)["state"]) == ([1], "cancelled")

    def test_refuses_what_has_ended_or_never_was(self, owner):
        job_id = start()
        work_until_done(owner)
        for act in (rows.cancel, rows.retry):
            with pytest.raises(JobEnded, match="the job is succeeded"):
                act(job_id, now=clock.now())
            with pytest.raises(NotFound):
                act(new_id(), now=clock.now())


class TestResendLost:
    def test_sends_a_lost_message_again_and_fences_the_first(self, owner):
        job_id = start()
        messages(owner)
        assert rows.resend_lost(now=clock.now()) == 0
        assert rows.resend_lost(now=clock.now() + rows.LEASE + timedelta(seconds=1)) == 1
        slices.work(JOBS, Slice(job_id, None, 1))
        assert numbers(owner) == []
        assert work_until_done(owner) == 1
        assert numbers(owner) == [1, 2, 3, 4, 5]


class TestDeclaredIn:
    def test_finds_jobs_by_name(self):
        assert declared_in([__import__(__name__, fromlist=["x"])]) == JOBS
        assert isinstance(count_up, Job)
