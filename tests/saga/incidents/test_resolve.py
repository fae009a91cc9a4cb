"""Resolve: an operator has done the work by hand, and says how the saga ends."""

from functools import partial

import pytest

from kit.ids import new_id
from saga.engine.definition import afterwards, then
from saga.engine.errors import Refused
from saga.incidents import actions
from tests.saga.engine.workshop import outbox
from tests.saga.incidents.stuck import WHY, Stuck

as_done, as_undone = partial(actions.resolve, end="done"), partial(actions.resolve, end="undone")
ACTIONS = [actions.retry, actions.skip, actions.compensate, as_done, as_undone]


class TestResolvedAsDone:
    def test_runs_the_hook_and_none_of_the_remaining_steps(self, workshop, sequential, script):
        sequential.act(as_done)
        assert (sequential.state, sequential.tasks()) == ("done", [])
        assert script.calls == ["fold", "cut", "cut", "when_done"]
        assert workshop.steps(sequential.ref) == {"fold": "done", "cut": "skipped", "glue": "skipped"}

    def test_still_runs_the_afterwards_steps(self, workshop, script):
        script.answers["cut"] = [Refused("no")]
        stages = then(script.step("fold"), pivot=True), then(script.step("cut")), afterwards(script.step("tell"))
        stuck = Stuck(workshop, workshop.saga(*stages))
        stuck.act(as_done)
        assert (stuck.state, stuck.tasks()) == ("finishing", ["toys.tell"])
        assert stuck.ends() == "done"

    def test_ends_a_saga_that_is_stuck_in_an_afterwards_step(self, workshop, finishing, script):
        finishing.act(as_done)
        assert (finishing.state, finishing.tasks()) == ("done", [])
        assert workshop.steps(finishing.ref) == {"fold": "done", "show": "skipped", "tell": "skipped"}
        assert script.calls == ["fold", "when_done", "show"]

    def test_runs_the_hook_again_that_failed(self, workshop, undecided):
        undecided.act(as_done)
        assert undecided.state == "done"
        assert workshop.steps(undecided.ref) == {"fold": "done", "cut": "done"}

    def test_is_refused_once_it_compensates(self, compensating):
        with pytest.raises(actions.CannotResolve, match="cannot be resolved as done: it is compensating already"):
            compensating.act(as_done)
        assert compensating.state == "stuck"


class TestResolvedAsUndone:
    def test_runs_the_hook_and_none_of_the_remaining_undos(self, workshop, compensating, script):
        compensating.act(as_undone)
        assert (compensating.state, compensating.tasks()) == ("undone", [])
        assert script.calls[-2:] == ["un_cut", "when_undone"]
        assert workshop.steps(compensating.ref) == {"fold": "skipped", "cut": "skipped", "glue": "skipped"}
        assert workshop.timeline(compensating.ref).saga.failure["code"] == "no"

    def test_gives_the_incidents_error_as_failure(self, workshop, sequential):
        sequential.act(as_undone)
        assert sequential.state == "undone"
        assert workshop.steps(sequential.ref) == {"fold": "skipped", "cut": "skipped", "glue": "pending"}
        assert workshop.timeline(sequential.ref).saga.failure == {"code": "busy", "detail": None, "step": "cut"}

    def test_is_accepted_after_a_step_without_an_undo(self, workshop, at_the_last_step):
        at_the_last_step.act(as_undone)
        assert at_the_last_step.state == "undone"
        assert workshop.steps(at_the_last_step.ref) == {"fold": "skipped", "cut": "skipped"}

    def test_is_refused_once_the_outcome_is_decided(self, finishing):
        with pytest.raises(actions.CannotResolve, match="cannot be resolved as undone: its outcome is decided"):
            finishing.act(as_undone)

    def test_is_refused_for_a_saga_that_is_never_undone(self, workshop, script):
        script.answers["fold"] = [Refused("no")]
        stuck = Stuck(workshop, workshop.saga(then(script.step("fold")), undoable=False))
        with pytest.raises(actions.CannotResolve, match="its definition has no undo"):
            stuck.act(as_undone)


class TestResolve:
    def test_records_who_why_and_how_it_ended(self, workshop, sequential):
        sequential.act(as_done)
        [incident] = workshop.incidents(sequential.ref)
        assert incident.resolution == {"action": "resolve", "as": "done", **WHY}
        settled = next(event for event in workshop.timeline(sequential.ref).events if event.event == "settled")
        assert settled.detail == {"action": "resolve", "as": "done"}

    def test_changes_nothing_when_the_hook_fails(self, workshop, sequential, script):
        script.answers["when_done"] = [ValueError("?")]
        with pytest.raises(ValueError, match=r"\?"):
            sequential.act(as_done)
        [incident] = workshop.incidents(sequential.ref)
        assert (sequential.state, incident.resolved_at) == ("stuck", None)


class TestDryRun:
    @pytest.mark.parametrize("act", ACTIONS, ids=["retry", "skip", "compensate", "done", "undone"])
    def test_returns_the_effect_and_changes_nothing(self, workshop, sequential, act):
        before = workshop.timeline(sequential.ref).events
        would = act(sequential.ref, sequential.deliveries.find, **WHY, dry_run=True)
        assert (sequential.state, outbox()) == ("stuck", [])
        assert len(workshop.timeline(sequential.ref).events) == len(before)
        [incident] = workshop.incidents(sequential.ref)
        assert incident.resolved_at is None
        assert act(sequential.ref, sequential.deliveries.find, **WHY) == would
        assert (sequential.state, tuple(sequential.tasks())) == (would.state, would.tasks)

    def test_raises_what_the_action_would_raise(self, compensating):
        with pytest.raises(actions.CannotCompensate):
            actions.compensate(compensating.ref, compensating.deliveries.find, **WHY, dry_run=True)


class TestIncidentOption:
    def test_restricts_the_action_to_that_incident(self, sequential):
        with pytest.raises(actions.NotStuck, match="is stuck in another step by now: cut"):
            actions.retry(sequential.ref, sequential.deliveries.find, **WHY, incident=new_id())
        assert sequential.state == "stuck"
