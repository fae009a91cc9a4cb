import threading

import pytest

from saga.engine.definition import afterwards, then, together
from saga.engine.errors import Refused, TryAgain, UnknownVersion
from saga.engine.journal import locked
from saga.engine.retries import Retries
from saga.engine.sweep import sweep
from tests.saga.engine.saga_harness import outbox

SLOW = Retries(limit=5, first=60, longest=60)


def tasks(deliveries):
    return [task["task"] for task in deliveries.tasks]


class TestSweep:
    @pytest.fixture
    def saga(self, harness, script):
        return harness.saga(
            together(script.step("fold"), script.step("cut")),
            then(script.step("glue"), pivot=True),
            then(script.step("paint")),
            afterwards(script.step("show"), script.step("tell")),
        )

    @pytest.fixture
    def sweep_up(self, harness):
        """Everything on its way is lost, the deadlines pass, and the sweeper comes: what it sends."""

        def sweeping(deliveries):
            deliveries.tasks.clear()
            harness.expire_deadlines()
            sweep(deliveries.find)
            deliveries.collect()
            return tasks(deliveries)

        return sweeping

    def test_leaves_a_saga_alone_until_its_deadline(self, harness, saga):
        _, deliveries = harness.start(saga)
        assert sweep(deliveries.find) == 0
        assert outbox() == []

    def test_sends_both_steps_of_a_chord_that_was_lost(self, harness, saga, sweep_up):
        _, deliveries = harness.start(saga)
        assert sweep_up(deliveries) == ["toys.fold", "toys.cut"]

    def test_sends_the_one_step_that_has_not_answered(self, harness, saga, sweep_up):
        _, deliveries = harness.start(saga)
        deliveries.deliver_next("toys.cut")
        assert sweep_up(deliveries) == ["toys.fold"]

    def test_sends_the_body_that_was_lost(self, harness, saga, sweep_up):
        _, deliveries = harness.start(saga)
        deliveries.deliver_next("toys.cut")
        deliveries.deliver_next("toys.fold")
        assert sweep_up(deliveries) == ["saga.advance"]

    def test_sends_the_body_of_a_chord_that_failed(self, harness, saga, script, sweep_up):
        script.answers["cut"] = [Refused("no")]
        _, deliveries = harness.start(saga)
        deliveries.deliver_next("toys.cut")
        deliveries.deliver_next("toys.fold")
        assert sweep_up(deliveries) == ["saga.advance"]

    def test_sends_a_lost_retry_of_a_sequential_step(self, harness, saga, script, sweep_up):
        script.answers["paint"] = [TryAgain("busy")]
        _, deliveries = harness.start(saga)
        for name in ("toys.cut", "toys.fold", "saga.advance"):
            deliveries.deliver_next(name)
        assert sweep_up(deliveries) == ["saga.advance"]

    def test_sends_the_undo_that_is_due_and_no_other(self, harness, saga, script, sweep_up):
        script.answers["glue"] = [Refused("no")]
        _, deliveries = harness.start(saga)
        for name in ("toys.cut", "toys.fold", "saga.advance"):
            deliveries.deliver_next(name)
        assert sweep_up(deliveries) == ["toys.un_glue"]
        deliveries.deliver_next("toys.un_glue")
        assert sweep_up(deliveries) == ["toys.un_cut"]

    def test_sends_lost_afterwards_steps(self, harness, saga, sweep_up):
        _, deliveries = harness.start(saga)
        for name in ("toys.cut", "toys.fold", "saga.advance", "toys.show"):
            deliveries.deliver_next(name)
        assert sweep_up(deliveries) == ["toys.tell"]

    @pytest.mark.parametrize("ending", ["done", "undone", "stuck"])
    def test_sends_nothing_for_a_saga_that_has_ended_or_is_stuck(self, harness, saga, script, sweep_up, ending):
        script.answers |= {"undone": {"cut": [Refused("no")]}, "stuck": {"paint": [Refused("no")]}}.get(ending, {})
        ref, deliveries = harness.start(saga)
        deliveries.deliver_all()
        assert harness.state(ref) == ending
        assert sweep_up(deliveries) == []

    def test_ends_any_saga_even_if_every_message_is_lost(self, harness, saga, sweep_up):
        ref, deliveries = harness.start(saga)
        while harness.state(ref) != "done":
            for name in sweep_up(deliveries):
                deliveries.deliver_next(name)
        assert "resent" in harness.events(ref)

    def test_waits_for_its_deadline_again_after_re_sending(self, harness, saga, sweep_up):
        _, deliveries = harness.start(saga)
        sweep_up(deliveries)
        assert sweep(deliveries.find) == 0

    @pytest.mark.parametrize(("stood_still", "grace"), [(1, 5), (20, 20), (600, 60)])
    def test_waits_as_long_as_the_saga_was_idle(self, harness, saga, stood_still, grace):
        ref, deliveries = harness.start(saga)
        deliveries.deliver_next("toys.cut")
        harness.sql(f"""
            UPDATE saga_steps SET begun_at = now() - interval '{stood_still} s', answered_at = NULL
            WHERE step = 'cut'""")
        harness.expire_deadlines()
        assert sweep(deliveries.find) == 1
        [resent] = [event for event in harness.timeline(ref).events if event.event == "resent"]
        left_alone = harness.timeline(ref).saga.due_at - resent.happened_at
        assert grace <= left_alone.total_seconds() < grace + 3

    def test_resumes_many_at_a_bounded_rate(self, harness, saga):
        for _ in range(150):
            _, deliveries = harness.start(saga)
        harness.expire_deadlines()
        assert (sweep(deliveries.find), len(outbox())) == (100, 200)
        assert (sweep(deliveries.find), len(outbox())) == (50, 300)

    def test_skips_locked_sagas(self, harness, saga):
        ref, deliveries = harness.start(saga)
        harness.expire_deadlines()
        with locked(ref, deliveries.find):
            assert sweep(deliveries.find) == 0
        assert sweep(deliveries.find) == 1

    def test_does_not_send_a_step_whose_retry_is_not_due(self, harness, script):
        script.answers["fold"] = [TryAgain("busy")]
        saga = harness.saga(together(script.step("fold", retries=SLOW), script.step("cut")), deadline=1)
        ref, deliveries = harness.start(saga)
        deliveries.deliver_next("toys.fold")
        deliveries.deliver_next("toys.cut")
        timeline = harness.timeline(ref)
        assert timeline.saga.due_at > timeline.steps[0].retry_at

    def test_does_not_send_an_undo_whose_retry_is_not_due(self, harness, script):
        script.answers |= {"fold": [Refused("no")], "un_fold": [TryAgain("busy")]}
        fold = script.step("fold")
        fold.undo_retries = SLOW
        ref, deliveries = harness.start(harness.saga(then(fold), deadline=1))
        deliveries.deliver_next("saga.advance")
        deliveries.deliver_next("toys.un_fold")
        timeline = harness.timeline(ref)
        assert timeline.saga.due_at > timeline.steps[0].retry_at

    def test_re_sends_once_when_two_sweep_at_a_time(self, harness, saga):
        started = [harness.start(saga) for _ in range(10)]
        harness.expire_deadlines()
        sweepers = [threading.Thread(target=sweep, args=(started[0][1].find,)) for _ in range(2)]
        for sweeper in sweepers:
            sweeper.start()
        for sweeper in sweepers:
            sweeper.join()
        assert len(outbox()) == 2 * len(started)

    def test_sends_nothing_again_while_the_outbox_waits_for_the_broker(self, harness, saga):
        _, deliveries = harness.start(saga)
        harness.expire_deadlines()
        harness.sql("""
            INSERT INTO outbox (kind, body, available_at) VALUES ('task', '{}', now() - interval '6 seconds')""")
        assert sweep(deliveries.find) == 0

    def test_skips_sagas_of_an_unknown_version(self, harness, saga):
        harness.start(harness.saga(*saga.stages, version=2))
        ref, _ = harness.start(saga)
        harness.expire_deadlines()
        harness.sql("UPDATE sagas SET due_at = due_at - interval '1 hour' WHERE version = 2")

        def find(name, version):
            if version == 2:
                raise UnknownVersion
            return saga

        assert sweep(find) == 1
        assert {body["kwargs"]["saga_id"] for body in outbox()} == {str(ref.saga_id)}
