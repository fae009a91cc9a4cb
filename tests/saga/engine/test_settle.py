from concurrent.futures import ThreadPoolExecutor

import pytest

from saga.engine import settle
from saga.engine.declaration import afterwards, then, together
from saga.engine.errors import Refused, TryAgain
from saga.engine.journal import UnknownSaga
from saga.engine.retries import Retries
from tests.saga.engine.stuck import WHY, Stuck
from tests.saga.engine.workshop import outbox

ACTIONS = [settle.retry, settle.skip, settle.compensate]


class TestSettling:
    @pytest.mark.parametrize("act", ACTIONS)
    def test_closes_the_incident_and_says_who_did_what_and_why(self, workshop, in_line, act):
        in_line.settle(act)
        [incident] = workshop.incidents(in_line.ref)
        assert incident.resolved_at
        assert incident.resolution == {"action": act.__name__, **WHY}

    @pytest.mark.parametrize("act", ACTIONS)
    def test_adds_to_the_history_without_the_operators_words(self, workshop, in_line, act):
        before = workshop.events(in_line.ref)
        in_line.settle(act)
        assert workshop.events(in_line.ref)[: len(before) + 1] == [*before, "cut settled"]
        assert workshop.timeline(in_line.ref).events[len(before)].detail == {"action": act.__name__}

    @pytest.mark.parametrize("again", ACTIONS)
    @pytest.mark.parametrize("act", ACTIONS)
    def test_is_done_once(self, in_line, act, again):
        in_line.settle(act)
        with pytest.raises(settle.NotStuck, match=r"is not stuck: it is (running|compensating)"):
            in_line.settle(again)

    def test_is_done_once_when_two_do_it_at_a_time(self, in_line):
        with ThreadPoolExecutor(2) as operators:
            settling = [operators.submit(in_line.settle, settle.retry) for _ in range(2)]
        assert {type(each.exception()) for each in settling} == {type(None), settle.NotStuck}
        assert len(outbox()) == 1

    @pytest.mark.parametrize("act", ACTIONS)
    def test_refuses_a_saga_that_is_not_stuck(self, workshop, script, act):
        ref, deliveries = workshop.start(workshop.saga(then(script.step("fold"))))
        with pytest.raises(settle.NotStuck, match="it is running"):
            act(ref, deliveries.find, **WHY)
        deliveries.until_quiet()
        with pytest.raises(settle.NotStuck, match="it is done"):
            act(ref, deliveries.find, **WHY)

    @pytest.mark.parametrize("act", ACTIONS)
    def test_refuses_the_saga_of_another_company(self, workshop, in_line, act):
        other = type(workshop)(workshop.database)
        with pytest.raises(UnknownSaga):
            act(type(in_line.ref)(in_line.ref.saga_id, other.company_id), in_line.deliveries.find, **WHY)
        assert in_line.state == "stuck"


class TestRetry:
    def test_ends_the_saga_as_it_would_have(self, stuck, request):
        turned_back = "turning_back" in request.node.callspec.id
        stuck.settle(settle.retry)
        assert stuck.ends() == ("undone" if turned_back else "done")

    def test_takes_the_failed_step_again_and_none_before_it(self, in_line, script):
        in_line.settle(settle.retry)
        assert in_line.tasks() == ["saga.advance"]
        in_line.ends()
        assert script.calls == ["fold", "cut", "cut", "cut", "glue", "when_done"]

    def test_sends_what_was_let_fall_beside_it(self, in_parallel):
        in_parallel.settle(settle.retry)
        assert in_parallel.tasks() == ["toys.cut", "toys.glue"]

    def test_sends_what_was_let_fall_afterwards(self, told):
        told.settle(settle.retry)
        assert told.tasks() == ["toys.show", "toys.tell"]

    def test_leaves_another_step_to_its_own_retry(self, workshop, script):
        script.answers |= {"show": [TryAgain("busy")], "tell": [Refused("no")]}
        show = script.step("show", retries=Retries(first=60, longest=60))
        ref, deliveries = workshop.start(
            workshop.saga(then(script.step("fold")), afterwards(show, script.step("tell")))
        )
        for name in ("saga.advance", "toys.show", "toys.tell"):
            deliveries.deliver_next(name)
        settle.retry(ref, deliveries.find, **WHY)
        assert [body["task"] for body in outbox()] == ["toys.tell"]
        deliveries.until_quiet()
        assert workshop.state(ref) == "done"

    def test_takes_the_failed_undo_again_and_goes_on_with_the_others(self, turning_back, script):
        turning_back.settle(settle.retry)
        assert turning_back.tasks() == ["toys.un_cut"]
        turning_back.ends()
        assert script.calls[-4:] == ["un_cut", "un_cut", "un_fold", "when_undone"]

    @pytest.mark.parametrize("direction", ["in_line", "turning_back"])
    def test_grants_as_many_attempts_as_at_first(self, workshop, script, request, direction):
        stuck = request.getfixturevalue(direction)
        call = {"in_line": "cut", "turning_back": "un_cut"}[direction]
        script.answers[call] = [TryAgain("still busy")] * 2
        stuck.settle(settle.retry)
        assert stuck.ends() == "stuck"
        assert script.calls.count(call) == 4
        first, second = sorted(workshop.incidents(stuck.ref), key=lambda incident: incident.opened_at)
        assert first.resolved_at
        assert (second.resolved_at, second.attempts, second.error["code"]) == (None, 2, "still busy")

    def test_decides_again_where_the_ending_could_not_be_decided(self, workshop, undecided, script):
        undecided.settle(settle.retry)
        assert undecided.tasks() == ["saga.advance"]
        assert undecided.ends() == "done"
        assert script.calls == ["fold", "cut", "when_done", "when_done"]
        assert [step.attempts for step in workshop.timeline(undecided.ref).steps] == [1, 1]

    def test_decides_again_where_nothing_was_begun(self, workshop, script):
        script.answers["when_undone"] = [ValueError("?")]
        ref, deliveries = workshop.start(workshop.saga(then(script.step("fold"))))
        workshop.stop(ref, deliveries)
        deliveries.until_quiet()
        settle.retry(ref, deliveries.find, **WHY)
        deliveries.until_quiet()
        assert (workshop.state(ref), script.calls) == ("undone", ["when_undone", "when_undone"])


class TestSkip:
    def test_goes_on_with_the_step_after(self, workshop, in_line, script):
        in_line.settle(settle.skip)
        assert in_line.ends() == "done"
        assert script.calls == ["fold", "cut", "cut", "glue", "when_done"]
        assert workshop.steps(in_line.ref) == {"fold": "done", "cut": "skipped", "glue": "done"}

    def test_of_the_last_step_ends_the_saga_with_its_hook(self, at_the_last_step, script):
        at_the_last_step.settle(settle.skip)
        assert at_the_last_step.state == "done"
        assert script.calls == ["fold", "cut", "when_done"]

    def test_waits_for_the_steps_beside_it(self, in_parallel, script):
        in_parallel.settle(settle.skip)
        assert in_parallel.tasks() == ["toys.glue"]
        assert in_parallel.ends() == "done"
        assert script.calls == ["fold", "cut", "glue", "when_done"]

    def test_of_the_last_of_parallel_steps_joins_them(self, workshop, script):
        script.answers["glue"] = [Refused("no")]
        stages = then(script.step("fold"), pivot=True), together(script.step("cut"), script.step("glue"))
        stuck = Stuck(workshop, workshop.saga(*stages))
        stuck.settle(settle.skip)
        assert stuck.tasks() == ["saga.advance"]
        assert stuck.ends() == "done"

    def test_afterwards_waits_for_the_others(self, workshop, told, script):
        told.settle(settle.skip)
        assert told.tasks() == ["toys.tell"]
        assert told.ends() == "done"
        assert workshop.steps(told.ref) == {"fold": "done", "show": "skipped", "tell": "done"}
        assert script.calls == ["fold", "when_done", "show", "tell"]

    def test_of_an_undo_goes_on_with_the_undo_before(self, workshop, turning_back, script):
        turning_back.settle(settle.skip)
        assert turning_back.tasks() == ["toys.un_fold"]
        assert turning_back.ends() == "undone"
        assert workshop.steps(turning_back.ref)["cut"] == "skipped"
        assert script.calls[-3:] == ["un_cut", "un_fold", "when_undone"]

    def test_of_the_last_undo_ends_the_saga_with_its_hook(self, workshop, script):
        script.answers |= {"fold": [Refused("torn")], "un_fold": [TryAgain("busy")]}
        fold = script.step("fold")
        fold.undo_retries = Retries(limit=1)
        stuck = Stuck(workshop, workshop.saga(then(fold)))
        stuck.settle(settle.skip)
        assert stuck.state == "undone"
        assert script.calls == ["fold", "un_fold", "when_undone"]
        assert workshop.timeline(stuck.ref).saga.failure["code"] == "torn"

    def test_settles_nothing_when_the_hook_fails(self, workshop, at_the_last_step, script):
        script.answers["when_done"] = [ValueError("?")]
        with pytest.raises(ValueError, match=r"\?"):
            at_the_last_step.settle(settle.skip)
        [incident] = workshop.incidents(at_the_last_step.ref)
        assert (at_the_last_step.state, incident.resolved_at) == ("stuck", None)

    def test_refuses_where_no_step_has_failed(self, workshop, undecided):
        with pytest.raises(settle.NothingToSkip):
            undecided.settle(settle.skip)
        [incident] = workshop.incidents(undecided.ref)
        assert (undecided.state, incident.resolved_at) == ("stuck", None)


class TestCompensate:
    def test_undoes_what_was_begun_where_all_of_it_can_be_undone(self, workshop, in_line, script):
        in_line.settle(settle.compensate)
        assert in_line.tasks() == ["toys.un_cut"]
        assert in_line.ends() == "undone"
        assert script.calls == ["fold", "cut", "cut", "un_cut", "un_fold", "when_undone"]
        assert workshop.timeline(in_line.ref).saga.failure == {"code": "busy", "detail": None, "step": "cut"}

    def test_undoes_what_was_begun_where_the_ending_could_not_be_decided(self, undecided, script):
        undecided.settle(settle.compensate)
        assert undecided.ends() == "undone"
        assert script.calls == ["fold", "cut", "when_done", "un_cut", "un_fold", "when_undone"]

    def test_grants_the_cancellation_that_was_asked_for_in_vain(self, workshop, in_line):
        workshop.stop(in_line.ref, in_line.deliveries)
        in_line.settle(settle.compensate)
        assert in_line.ends() == "undone"
        failure = workshop.timeline(in_line.ref).saga.failure
        assert failure == {"code": "cancelled", "step": None, "detail": "not wanted"}

    @pytest.mark.parametrize(
        ("where", "obstacle"),
        [
            ("at_the_last_step", "cut is begun and cannot be undone: no way back"),
            ("told", "it is finishing already"),
            ("turning_back", "it is compensating already"),
        ],
    )
    def test_refuses_and_says_what_stands_in_the_way(self, workshop, request, where, obstacle):
        stuck = request.getfixturevalue(where)
        with pytest.raises(settle.CannotTurnBack, match=f"cannot turn back: {obstacle}"):
            stuck.settle(settle.compensate)
        [incident] = workshop.incidents(stuck.ref)
        assert (stuck.state, incident.resolved_at, stuck.tasks()) == ("stuck", None, [])

    def test_refuses_a_saga_that_was_declared_without_a_way_back(self, workshop, script):
        script.answers["fold"] = [Refused("no")]
        stuck = Stuck(workshop, workshop.saga(then(script.step("fold")), undoable=False))
        with pytest.raises(settle.CannotTurnBack, match="it has no way back"):
            stuck.settle(settle.compensate)

    def test_refuses_past_a_step_that_was_skipped(self, in_line, script):
        script.answers["glue"] = [Refused("no")]
        in_line.settle(settle.skip)
        assert in_line.ends() == "stuck"
        with pytest.raises(settle.CannotTurnBack, match="cut was skipped"):
            in_line.settle(settle.compensate)
