from concurrent.futures import ThreadPoolExecutor

import pytest

from saga.engine.definition import afterwards, then, together
from saga.engine.errors import Refused, TryAgain
from saga.engine.journal import SagaNotFound
from saga.engine.retries import Retries
from saga.incidents import actions, errors
from tests.saga.engine.saga_harness import outbox
from tests.saga.incidents.stuck_saga import WHY, StuckSaga

ACTIONS = [actions.retry, actions.skip, actions.compensate]


class TestAnyAction:
    @pytest.mark.parametrize("act", ACTIONS)
    def test_resolves_the_incident_and_records_who_did_what_and_why(self, harness, sequential, act):
        sequential.apply(act)
        [incident] = harness.incidents(sequential.ref)
        assert incident.resolved_at
        assert incident.resolution == {"action": act.__name__, **WHY}

    @pytest.mark.parametrize("act", ACTIONS)
    def test_adds_to_the_history_without_the_reason(self, harness, sequential, act):
        before = harness.events(sequential.ref)
        sequential.apply(act)
        assert harness.events(sequential.ref)[: len(before) + 1] == [*before, "cut resolved"]
        assert harness.timeline(sequential.ref).events[len(before)].detail == {"action": act.__name__}

    @pytest.mark.parametrize("again", ACTIONS)
    @pytest.mark.parametrize("act", ACTIONS)
    def test_is_done_once(self, sequential, act, again):
        sequential.apply(act)
        with pytest.raises(errors.NotStuck, match=r"is not stuck: it is (running|compensating)"):
            sequential.apply(again)

    def test_is_done_once_when_two_operators_do_it_at_once(self, sequential):
        with ThreadPoolExecutor(2) as operators:
            settling = [operators.submit(sequential.apply, actions.retry) for _ in range(2)]
        assert {type(each.exception()) for each in settling} == {type(None), errors.NotStuck}
        assert len(outbox()) == 1

    @pytest.mark.parametrize("act", ACTIONS)
    def test_refuses_a_saga_that_is_not_stuck(self, harness, script, act):
        ref, deliveries = harness.start(harness.saga(then(script.step("fold"))))
        with pytest.raises(errors.NotStuck, match="it is running"):
            act(ref, deliveries.find, **WHY)
        deliveries.deliver_all()
        with pytest.raises(errors.NotStuck, match="it is done"):
            act(ref, deliveries.find, **WHY)

    @pytest.mark.parametrize("act", ACTIONS)
    def test_refuses_the_saga_of_another_company(self, harness, sequential, act):
        other = type(harness)(harness.database)
        with pytest.raises(SagaNotFound):
            act(type(sequential.ref)(sequential.ref.saga_id, other.company_id), sequential.deliveries.find, **WHY)
        assert sequential.state == "stuck"


class TestRetry:
    def test_ends_the_saga_as_it_would_have(self, stuck, request):
        is_compensating = "compensating" in request.node.callspec.id
        stuck.apply(actions.retry)
        assert stuck.final_state() == ("undone" if is_compensating else "done")

    def test_runs_the_failed_step_again_and_none_before_it(self, sequential, script):
        sequential.apply(actions.retry)
        assert sequential.tasks() == ["saga.advance"]
        sequential.final_state()
        assert script.calls == ["fold", "cut", "cut", "cut", "glue", "when_done"]

    def test_sends_the_parallel_step_that_was_ignored(self, parallel):
        parallel.apply(actions.retry)
        assert parallel.tasks() == ["toys.cut", "toys.glue"]

    def test_sends_the_afterwards_step_that_was_ignored(self, finishing):
        finishing.apply(actions.retry)
        assert finishing.tasks() == ["toys.show", "toys.tell"]

    def test_does_not_send_a_step_whose_retry_is_not_due(self, harness, script):
        script.answers |= {"show": [TryAgain("busy")], "tell": [Refused("no")]}
        show = script.step("show", retries=Retries(first=60, longest=60))
        ref, deliveries = harness.start(harness.saga(then(script.step("fold")), afterwards(show, script.step("tell"))))
        for name in ("saga.advance", "toys.show", "toys.tell"):
            deliveries.deliver_next(name)
        actions.retry(ref, deliveries.find, **WHY)
        assert [body["task"] for body in outbox()] == ["toys.tell"]
        deliveries.deliver_all()
        assert harness.state(ref) == "done"

    def test_runs_the_failed_undo_again_and_then_the_others(self, compensating, script):
        compensating.apply(actions.retry)
        assert compensating.tasks() == ["toys.un_cut"]
        compensating.final_state()
        assert script.calls[-4:] == ["un_cut", "un_cut", "un_fold", "when_undone"]

    @pytest.mark.parametrize("direction", ["sequential", "compensating"])
    def test_gives_all_attempts_again(self, harness, script, request, direction):
        stuck = request.getfixturevalue(direction)
        call = {"sequential": "cut", "compensating": "un_cut"}[direction]
        script.answers[call] = [TryAgain("still busy")] * 2
        stuck.apply(actions.retry)
        assert stuck.final_state() == "stuck"
        assert script.calls.count(call) == 4
        first, second = sorted(harness.incidents(stuck.ref), key=lambda incident: incident.opened_at)
        assert first.resolved_at
        assert (second.resolved_at, second.attempts, second.error["code"]) == (None, 2, "still busy")

    def test_runs_the_hook_again_that_failed(self, harness, undecided, script):
        undecided.apply(actions.retry)
        assert undecided.tasks() == ["saga.advance"]
        assert undecided.final_state() == "done"
        assert script.calls == ["fold", "cut", "when_done", "when_done"]
        assert [step.attempts for step in harness.timeline(undecided.ref).steps] == [1, 1]

    def test_runs_the_hook_again_where_nothing_was_begun(self, harness, script):
        script.answers["when_undone"] = [ValueError("?")]
        ref, deliveries = harness.start(harness.saga(then(script.step("fold"))))
        harness.stop(ref, deliveries)
        deliveries.deliver_all()
        actions.retry(ref, deliveries.find, **WHY)
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == ("undone", ["when_undone", "when_undone"])


class TestSkip:
    def test_continues_with_the_next_step(self, harness, sequential, script):
        sequential.apply(actions.skip)
        assert sequential.final_state() == "done"
        assert script.calls == ["fold", "cut", "cut", "glue", "when_done"]
        assert harness.steps(sequential.ref) == {"fold": "done", "cut": "skipped", "glue": "done"}

    def test_of_the_last_step_ends_the_saga_with_its_hook(self, at_the_last_step, script):
        at_the_last_step.apply(actions.skip)
        assert at_the_last_step.state == "done"
        assert script.calls == ["fold", "cut", "when_done"]

    def test_waits_for_the_parallel_steps(self, parallel, script):
        parallel.apply(actions.skip)
        assert parallel.tasks() == ["toys.glue"]
        assert parallel.final_state() == "done"
        assert script.calls == ["fold", "cut", "glue", "when_done"]

    def test_of_the_last_of_parallel_steps_joins_them(self, harness, script):
        script.answers["glue"] = [Refused("no")]
        stages = then(script.step("fold"), pivot=True), together(script.step("cut"), script.step("glue"))
        stuck = StuckSaga(harness, harness.saga(*stages))
        stuck.apply(actions.skip)
        assert stuck.tasks() == ["saga.advance"]
        assert stuck.final_state() == "done"

    def test_of_an_afterwards_step_waits_for_the_others(self, harness, finishing, script):
        finishing.apply(actions.skip)
        assert finishing.tasks() == ["toys.tell"]
        assert finishing.final_state() == "done"
        assert harness.steps(finishing.ref) == {"fold": "done", "show": "skipped", "tell": "done"}
        assert script.calls == ["fold", "when_done", "show", "tell"]

    def test_of_an_undo_continues_with_the_next_undo(self, harness, compensating, script):
        compensating.apply(actions.skip)
        assert compensating.tasks() == ["toys.un_fold"]
        assert compensating.final_state() == "undone"
        assert harness.steps(compensating.ref)["cut"] == "skipped"
        assert script.calls[-3:] == ["un_cut", "un_fold", "when_undone"]

    def test_of_the_last_undo_ends_the_saga_with_its_hook(self, harness, script):
        script.answers |= {"fold": [Refused("torn")], "un_fold": [TryAgain("busy")]}
        fold = script.step("fold")
        fold.undo_retries = Retries(limit=1)
        stuck = StuckSaga(harness, harness.saga(then(fold)))
        stuck.apply(actions.skip)
        assert stuck.state == "undone"
        assert script.calls == ["fold", "un_fold", "when_undone"]
        assert harness.timeline(stuck.ref).saga.failure["code"] == "torn"

    def test_changes_nothing_when_the_hook_fails(self, harness, at_the_last_step, script):
        script.answers["when_done"] = [ValueError("?")]
        with pytest.raises(ValueError, match=r"\?"):
            at_the_last_step.apply(actions.skip)
        [incident] = harness.incidents(at_the_last_step.ref)
        assert (at_the_last_step.state, incident.resolved_at) == ("stuck", None)

    def test_refuses_where_no_step_has_failed(self, harness, undecided):
        with pytest.raises(errors.NothingToSkip):
            undecided.apply(actions.skip)
        [incident] = harness.incidents(undecided.ref)
        assert (undecided.state, incident.resolved_at) == ("stuck", None)


class TestCompensate:
    def test_undoes_all_steps_that_were_begun(self, harness, sequential, script):
        sequential.apply(actions.compensate)
        assert sequential.tasks() == ["toys.un_cut"]
        assert sequential.final_state() == "undone"
        assert script.calls == ["fold", "cut", "cut", "un_cut", "un_fold", "when_undone"]
        assert harness.timeline(sequential.ref).saga.failure == {"code": "busy", "detail": None, "step": "cut"}

    def test_undoes_all_steps_after_a_failed_hook(self, undecided, script):
        undecided.apply(actions.compensate)
        assert undecided.final_state() == "undone"
        assert script.calls == ["fold", "cut", "when_done", "un_cut", "un_fold", "when_undone"]

    def test_grants_an_earlier_request_to_cancel(self, harness, sequential):
        harness.stop(sequential.ref, sequential.deliveries)
        sequential.apply(actions.compensate)
        assert sequential.final_state() == "undone"
        failure = harness.timeline(sequential.ref).saga.failure
        assert failure == {"code": "cancelled", "step": None, "detail": "not wanted"}

    @pytest.mark.parametrize(
        ("where", "obstacle"),
        [
            ("at_the_last_step", "cut is begun and cannot be undone: no way back"),
            ("finishing", "it is finishing already"),
            ("compensating", "it is compensating already"),
        ],
    )
    def test_refuses_and_says_why(self, harness, request, where, obstacle):
        stuck = request.getfixturevalue(where)
        with pytest.raises(errors.CannotCompensate, match=f"cannot be compensated: {obstacle}"):
            stuck.apply(actions.compensate)
        [incident] = harness.incidents(stuck.ref)
        assert (stuck.state, incident.resolved_at, stuck.tasks()) == ("stuck", None, [])

    def test_refuses_a_saga_that_is_never_undone(self, harness, script):
        script.answers["fold"] = [Refused("no")]
        stuck = StuckSaga(harness, harness.saga(then(script.step("fold")), undoable=False))
        with pytest.raises(errors.CannotCompensate, match="its definition has no undo"):
            stuck.apply(actions.compensate)

    def test_refuses_after_a_skipped_step(self, sequential, script):
        script.answers["glue"] = [Refused("no")]
        sequential.apply(actions.skip)
        assert sequential.final_state() == "stuck"
        with pytest.raises(errors.CannotCompensate, match="cut was skipped"):
            sequential.apply(actions.compensate)
