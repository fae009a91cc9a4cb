import threading

import pytest

from kit.errors import Unavailable
from saga.engine.definition import afterwards, then, together
from saga.engine.errors import Refused, TryAgain
from saga.engine.journal import locked
from saga.engine.retries import Retries
from saga.engine.sweep import sweep
from tests.saga.engine.workshop import outbox

SLOW = Retries(limit=5, first=60, longest=60)


def tasks(deliveries):
    return [task["task"] for task in deliveries.tasks]


class TestSweep:
    @pytest.fixture
    def saga(self, workshop, script):
        return workshop.saga(
            together(script.step("fold"), script.step("cut")),
            then(script.step("glue"), pivot=True),
            then(script.step("paint")),
            afterwards(script.step("show"), script.step("tell")),
        )

    @pytest.fixture
    def sweep_up(self, workshop):
        """Everything on its way is lost, the deadlines pass, and the sweeper comes: what it sends."""

        def sweeping(deliveries):
            deliveries.tasks.clear()
            workshop.let_deadlines_pass()
            sweep(deliveries.find)
            deliveries.collect()
            return tasks(deliveries)

        return sweeping

    def test_leaves_a_saga_alone_until_its_deadline(self, workshop, saga):
        _, deliveries = workshop.start(saga)
        assert sweep(deliveries.find) == 0
        assert outbox() == []

    def test_sends_both_steps_of_a_chord_that_was_lost(self, workshop, saga, sweep_up):
        _, deliveries = workshop.start(saga)
        assert sweep_up(deliveries) == ["toys.fold", "toys.cut"]

    def test_sends_the_one_step_that_has_not_answered(self, workshop, saga, sweep_up):
        _, deliveries = workshop.start(saga)
        deliveries.deliver_next("toys.cut")
        assert sweep_up(deliveries) == ["toys.fold"]

    def test_sends_the_body_that_was_lost(self, workshop, saga, sweep_up):
        _, deliveries = workshop.start(saga)
        deliveries.deliver_next("toys.cut")
        deliveries.deliver_next("toys.fold")
        assert sweep_up(deliveries) == ["saga.advance"]

    def test_sends_the_body_of_a_chord_that_failed(self, workshop, saga, script, sweep_up):
        script.answers["cut"] = [Refused("no")]
        _, deliveries = workshop.start(saga)
        deliveries.deliver_next("toys.cut")
        deliveries.deliver_next("toys.fold")
        assert sweep_up(deliveries) == ["saga.advance"]

    def test_sends_a_lost_retry_of_a_sequential_step(self, workshop, saga, script, sweep_up):
        script.answers["paint"] = [TryAgain("busy")]
        _, deliveries = workshop.start(saga)
        for name in ("toys.cut", "toys.fold", "saga.advance"):
            deliveries.deliver_next(name)
        assert sweep_up(deliveries) == ["saga.advance"]

    def test_sends_the_undo_that_is_due_and_no_other(self, workshop, saga, script, sweep_up):
        script.answers["glue"] = [Refused("no")]
        _, deliveries = workshop.start(saga)
        for name in ("toys.cut", "toys.fold", "saga.advance"):
            deliveries.deliver_next(name)
        assert sweep_up(deliveries) == ["toys.un_glue"]
        deliveries.deliver_next("toys.un_glue")
        assert sweep_up(deliveries) == ["toys.un_cut"]

    def test_sends_lost_afterwards_steps(self, workshop, saga, sweep_up):
        _, deliveries = workshop.start(saga)
        for name in ("toys.cut", "toys.fold", "saga.advance", "toys.show"):
            deliveries.deliver_next(name)
        assert sweep_up(deliveries) == ["toys.tell"]

    @pytest.mark.parametrize("ending", ["done", "undone", "stuck"])
    def test_sends_nothing_for_a_saga_that_has_ended_or_is_stuck(self, workshop, saga, script, sweep_up, ending):
        script.answers |= {"undone": {"cut": [Refused("no")]}, "stuck": {"paint": [Refused("no")]}}.get(ending, {})
        ref, deliveries = workshop.start(saga)
        deliveries.until_quiet()
        assert workshop.state(ref) == ending
        assert sweep_up(deliveries) == []

    def test_ends_any_saga_even_if_every_message_is_lost(self, workshop, saga, sweep_up):
        ref, deliveries = workshop.start(saga)
        while workshop.state(ref) != "done":
            for name in sweep_up(deliveries):
                deliveries.deliver_next(name)
        assert "resent" in workshop.events(ref)

    def test_waits_for_its_deadline_again_after_re_sending(self, workshop, saga, sweep_up):
        _, deliveries = workshop.start(saga)
        sweep_up(deliveries)
        assert sweep(deliveries.find) == 0

    @pytest.mark.parametrize(("stood_still", "grace"), [(1, 5), (20, 20), (600, 60)])
    def test_waits_as_long_as_the_saga_was_idle(self, workshop, saga, stood_still, grace):
        ref, deliveries = workshop.start(saga)
        deliveries.deliver_next("toys.cut")
        workshop.sql(f"""
            UPDATE saga_steps SET begun_at = now() - interval '{stood_still} s', answered_at = NULL
            WHERE step = 'cut'""")
        workshop.let_deadlines_pass()
        assert sweep(deliveries.find) == 1
        [resent] = [event for event in workshop.timeline(ref).events if event.event == "resent"]
        left_alone = workshop.timeline(ref).saga.due_at - resent.happened_at
        assert grace <= left_alone.total_seconds() < grace + 3

    def test_resumes_many_at_a_bounded_rate(self, workshop, saga):
        for _ in range(150):
            _, deliveries = workshop.start(saga)
        workshop.let_deadlines_pass()
        assert (sweep(deliveries.find), len(outbox())) == (100, 200)
        assert (sweep(deliveries.find), len(outbox())) == (50, 300)

    def test_skips_locked_sagas(self, workshop, saga):
        ref, deliveries = workshop.start(saga)
        workshop.let_deadlines_pass()
        with locked(ref, deliveries.find):
            assert sweep(deliveries.find) == 0
        assert sweep(deliveries.find) == 1

    def test_does_not_send_a_step_whose_retry_is_not_due(self, workshop, script):
        script.answers["fold"] = [TryAgain("busy")]
        saga = workshop.saga(together(script.step("fold", retries=SLOW), script.step("cut")), deadline=1)
        ref, deliveries = workshop.start(saga)
        deliveries.deliver_next("toys.fold")
        deliveries.deliver_next("toys.cut")
        timeline = workshop.timeline(ref)
        assert timeline.saga.due_at > timeline.steps[0].retry_at

    def test_does_not_send_an_undo_whose_retry_is_not_due(self, workshop, script):
        script.answers |= {"fold": [Refused("no")], "un_fold": [TryAgain("busy")]}
        fold = script.step("fold")
        fold.undo_retries = SLOW
        ref, deliveries = workshop.start(workshop.saga(then(fold), deadline=1))
        deliveries.deliver_next("saga.advance")
        deliveries.deliver_next("toys.un_fold")
        timeline = workshop.timeline(ref)
        assert timeline.saga.due_at > timeline.steps[0].retry_at

    def test_re_sends_once_when_two_sweep_at_a_time(self, workshop, saga):
        started = [workshop.start(saga) for _ in range(10)]
        workshop.let_deadlines_pass()
        sweepers = [threading.Thread(target=sweep, args=(started[0][1].find,)) for _ in range(2)]
        for sweeper in sweepers:
            sweeper.start()
        for sweeper in sweepers:
            sweeper.join()
        assert len(outbox()) == 2 * len(started)

    def test_sends_nothing_again_while_the_outbox_waits_for_the_broker(self, workshop, saga):
        _, deliveries = workshop.start(saga)
        workshop.let_deadlines_pass()
        workshop.sql("""
            INSERT INTO outbox (kind, body, available_at) VALUES ('task', '{}', now() - interval '6 seconds')""")
        assert sweep(deliveries.find) == 0

    def test_skips_sagas_of_an_unknown_version(self, workshop, saga):
        workshop.start(workshop.saga(*saga.stages, version=2))
        ref, _ = workshop.start(saga)
        workshop.let_deadlines_pass()
        workshop.sql("UPDATE sagas SET due_at = due_at - interval '1 hour' WHERE version = 2")

        def find(name, version):
            if version == 2:
                raise Unavailable
            return saga

        assert sweep(find) == 2
        assert {body["kwargs"]["saga_id"] for body in outbox()} == {str(ref.saga_id)}
