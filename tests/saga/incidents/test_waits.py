"""What operators do about a wait that has expired as an incident."""

import pytest

from saga.engine import faults
from saga.engine.definition import then, wait_for
from saga.engine.sweep import sweep
from saga.incidents import actions
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED, YES
from tests.saga.incidents.stuck_saga import WHY


@pytest.fixture
def make(harness, script):
    def making(*, pivot=False):
        wait = wait_for(CONFIRMED, expires=A_DAY, on_expiry="incident")
        return harness.saga(then(script.step("fold"), pivot=pivot), wait, then(script.step("cut", undo=False)))

    return making


@pytest.fixture
def expired(harness, make):
    """A saga that is stuck in its wait, before its pivot."""
    return expire(harness, make())


def expire(harness, saga):
    ref, deliveries = harness.start(saga)
    deliveries.deliver_all()
    harness.expire_deadlines()
    sweep(deliveries.find)
    assert harness.state(ref) == "stuck"
    return ref, deliveries


class TestRetry:
    def test_waits_again_as_long_as_before(self, harness, expired):
        ref, deliveries = expired
        actions.retry(ref, deliveries.find, **WHY)
        deliveries.deliver_all()
        saga = harness.timeline(ref).saga
        waited_from = [event.happened_at for event in harness.timeline(ref).events if event.event == "waiting"]
        assert (saga.state, saga.due_at - waited_from[1]) == ("waiting", A_DAY)
        harness.signal(ref, deliveries, CONFIRMED, YES)
        deliveries.deliver_all()
        assert harness.state(ref) == "done"

    def test_takes_the_signal_that_has_come_meanwhile(self, harness, expired, script):
        ref, deliveries = expired
        assert harness.signal(ref, deliveries, CONFIRMED, YES) == "accepted"
        assert (harness.state(ref), deliveries.tasks) == ("stuck", [])
        actions.retry(ref, deliveries.find, **WHY)
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == ("done", ["fold", "cut", "when_done"])

    def test_expires_again(self, harness, expired):
        ref, deliveries = expired
        actions.retry(ref, deliveries.find, **WHY)
        deliveries.deliver_all()
        harness.expire_deadlines()
        sweep(deliveries.find)
        assert harness.state(ref) == "stuck"
        assert [incident.attempts for incident in harness.incidents(ref)] == [1, 2]


class TestSkip:
    def test_goes_on_without_the_signal(self, harness, expired, script):
        ref, deliveries = expired
        actions.skip(ref, deliveries.find, **WHY)
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == ("done", ["fold", "cut", "when_done"])
        assert harness.steps(ref)["print.confirmed"] == "skipped"
        assert harness.signal(ref, deliveries, CONFIRMED, YES) == "late"


class TestCompensate:
    @pytest.mark.parametrize("pivot", [False, True])
    def test_undoes_the_saga(self, harness, make, script, pivot):
        ref, deliveries = expire(harness, make(pivot=pivot))
        actions.compensate(ref, deliveries.find, **WHY)
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == ("undone", ["fold", "un_fold", "when_undone"])
        assert harness.timeline(ref).saga.failure["code"] == "wait_expired"


class TestResolve:
    @pytest.mark.parametrize(("end", "hook"), [("done", "when_done"), ("undone", "when_undone")])
    def test_ends_the_saga(self, harness, expired, script, end, hook):
        ref, deliveries = expired
        actions.resolve(ref, deliveries.find, end=end, **WHY)
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == (end, ["fold", hook])


class TestAWaitingSagaThatCannotBeProcessed:
    @pytest.fixture
    def faulted(self, harness, make):
        ref, deliveries = harness.start(make())
        deliveries.deliver_all()
        for _ in range(faults.LIMIT):
            faults.record(ref, ValueError("a bug"))
        assert harness.state(ref) == "stuck"
        return ref, deliveries

    def test_is_stuck_in_its_wait(self, harness, faulted):
        [incident] = harness.incidents(faulted[0])
        assert (incident.step, incident.phase) == ("print.confirmed", "running")

    def test_takes_a_signal_once_it_is_retried(self, harness, faulted):
        ref, deliveries = faulted
        assert harness.signal(ref, deliveries, CONFIRMED, YES) == "accepted"
        actions.retry(ref, deliveries.find, **WHY)
        deliveries.deliver_all()
        assert harness.state(ref) == "done"

    def test_waits_again_once_it_is_retried(self, harness, faulted):
        ref, deliveries = faulted
        actions.retry(ref, deliveries.find, **WHY)
        deliveries.deliver_all()
        assert harness.state(ref) == "waiting"
