"""Signals, expiries and requests to stop that come at the same moment: one of them decides, whichever it is."""

import threading

import pytest

from saga.engine.definition import then, together, wait_for
from saga.engine.signals import ConflictingSignal
from saga.engine.sweep import sweep
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED, OTHER, YES

TRIES = 8


def at_once(*actions):
    """Run the actions in threads that start together. Returns their results, or the errors that they raised."""
    barrier, results = threading.Barrier(len(actions)), {}

    def run(number, action):
        barrier.wait()
        try:
            results[number] = action()
        except Exception as error:  # noqa: BLE001 - it is the result
            results[number] = error

    threads = [threading.Thread(target=run, args=each) for each in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[number] for number in range(len(actions))]


@pytest.fixture
def waiting(make, reach):
    """Start a saga, and run it up to its wait."""
    return lambda: reach(make())


@pytest.mark.parametrize("number_of_try", range(TRIES))
class TestAtOnce:
    def test_a_signal_and_its_expiry(self, harness, waiting, script, number_of_try):
        ref, deliveries = waiting()
        harness.expire_deadlines()
        receipt, _ = at_once(lambda: harness.signal(ref, deliveries, CONFIRMED, YES), lambda: sweep(deliveries.find))
        deliveries.deliver_all()
        assert harness.state(ref) == {"accepted": "done", "late": "undone"}[receipt]
        assert (script.calls.count("when_done"), script.calls.count("when_undone")) == (
            receipt == "accepted", receipt == "late",
        )  # fmt: skip

    def test_a_signal_and_a_request_to_stop(self, harness, waiting, script, number_of_try):
        ref, deliveries = waiting()
        receipt, _ = at_once(
            lambda: harness.signal(ref, deliveries, CONFIRMED, YES), lambda: harness.stop(ref, deliveries)
        )
        deliveries.deliver_all()
        # A signal that comes first does not keep the saga from being undone: its next step has not begun.
        assert harness.state(ref) == "undone"
        assert receipt in {"accepted", "late"}
        assert (script.calls.count("cut"), script.calls.count("un_fold")) == (0, 1)

    def test_an_expiry_and_a_request_to_stop(self, harness, waiting, script, number_of_try):
        ref, deliveries = waiting()
        harness.expire_deadlines()
        at_once(lambda: sweep(deliveries.find), lambda: harness.stop(ref, deliveries))
        deliveries.deliver_all()
        assert harness.state(ref) == "undone"
        assert (script.calls.count("un_fold"), script.calls.count("when_undone")) == (1, 1)

    def test_two_signals_with_different_payloads(self, harness, waiting, number_of_try):
        ref, deliveries = waiting()
        receipts = at_once(
            *[lambda payload=payload: harness.signal(ref, deliveries, CONFIRMED, payload) for payload in (YES, OTHER)]
        )
        assert {receipt if isinstance(receipt, str) else type(receipt) for receipt in receipts} == {
            "accepted", ConflictingSignal,
        }  # fmt: skip
        deliveries.deliver_all()
        winner = (YES, OTHER)[receipts.index("accepted")]
        assert harness.timeline(ref).steps[1].outcome["copies"] == winner.copies

    def test_the_same_signal_eight_times(self, harness, waiting, number_of_try):
        ref, deliveries = waiting()
        receipts = at_once(*[lambda: harness.signal(ref, deliveries, CONFIRMED, YES)] * 8)
        assert sorted(receipts) == ["accepted", *["repeated"] * 7]
        deliveries.deliver_all()
        assert harness.state(ref) == "done"

    def test_a_signal_and_the_last_answer_before_its_wait(self, harness, script, number_of_try):
        stages = together(script.step("fold"), script.step("cut")), wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo")
        ref, deliveries = harness.start(harness.saga(*stages, then(script.step("glue"))))
        deliveries.continue_inline = True
        deliveries.deliver_next("toys.fold")
        [last] = [task for task in deliveries.tasks if task["task"] == "toys.cut"]
        deliveries.tasks.remove(last)
        receipt, _ = at_once(lambda: harness.signal(ref, deliveries, CONFIRMED, YES), lambda: deliveries.deliver(last))
        deliveries.deliver_all()
        assert (receipt, harness.state(ref)) == ("accepted", "done")
        assert script.calls == ["fold", "cut", "glue", "when_done"]

    def test_two_sweepers(self, harness, waiting, number_of_try):
        ref, deliveries = waiting()
        harness.expire_deadlines()
        at_once(*[lambda: sweep(deliveries.find)] * 2)
        deliveries.deliver_all()
        assert (harness.state(ref), harness.events(ref).count("print.confirmed expired")) == ("undone", 1)
