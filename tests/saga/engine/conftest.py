import pytest

from saga.engine.definition import then, wait_for
from saga.engine.sweep import sweep
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED


@pytest.fixture
def make(harness, script):
    """A saga that folds, waits, and cuts."""

    def making(on_expiry="undo", *, pivot=False, when=None, **options):
        wait = wait_for(CONFIRMED, when=when, expires=A_DAY, on_expiry=on_expiry)
        return harness.saga(then(script.step("fold"), pivot=pivot), wait, then(script.step("cut")), **options)

    return making


@pytest.fixture
def reach(harness):
    """Start a saga and run it up to its wait."""

    def reaching(saga):
        ref, deliveries = harness.start(saga)
        deliveries.deliver_all()
        assert harness.state(ref) == "waiting"
        return ref, deliveries

    return reaching


@pytest.fixture
def time_is_up(harness):
    """Let all deadlines pass, and sweep; returns the number of stalled sagas."""

    def passing(deliveries):
        harness.expire_deadlines()
        stalled = sweep(deliveries.find)
        deliveries.collect()
        return stalled

    return passing
