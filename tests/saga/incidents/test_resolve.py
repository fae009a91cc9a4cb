"""Resolve: an operator has done the work by hand, and says how the saga ends."""

from functools import partial

import psycopg
import pytest

from kit.ids import new_id
from saga.engine.definition import afterwards, then
from saga.engine.errors import Refused
from saga.incidents import actions, errors
from tests.saga.engine.saga_harness import outbox
from tests.saga.incidents.stuck_saga import WHY, StuckSaga

as_done, as_undone = partial(actions.resolve, end="done"), partial(actions.resolve, end="undone")
ACTIONS = [actions.retry, actions.skip, actions.compensate, as_done, as_undone]


class TestResolvedAsDone:
    def test_runs_the_hook_and_none_of_the_remaining_steps(self, harness, sequential, script):
        sequential.apply(as_done)
        assert (sequential.state, sequential.tasks()) == ("done", [])
        assert script.calls == ["fold", "cut", "cut", "when_done"]
        assert harness.steps(sequential.ref) == {"fold": "done", "cut": "skipped", "glue": "skipped"}

    def test_still_runs_the_afterwards_steps(self, harness, script):
        script.answers["cut"] = [Refused("no")]
        stages = then(script.step("fold"), pivot=True), then(script.step("cut")), afterwards(script.step("tell"))
        stuck = StuckSaga(harness, harness.saga(*stages))
        stuck.apply(as_done)
        assert (stuck.state, stuck.tasks()) == ("finishing", ["toys.tell"])
        assert stuck.final_state() == "done"

    def test_ends_a_saga_that_is_stuck_in_an_afterwards_step(self, harness, finishing, script):
        finishing.apply(as_done)
        assert (finishing.state, finishing.tasks()) == ("done", [])
        assert harness.steps(finishing.ref) == {"fold": "done", "show": "skipped", "tell": "skipped"}
        assert script.calls == ["fold", "when_done", "show"]

    def test_runs_the_hook_again_that_failed(self, harness, undecided):
        undecided.apply(as_done)
        assert undecided.state == "done"
        assert harness.steps(undecided.ref) == {"fold": "done", "cut": "done"}

    def test_is_refused_once_it_compensates(self, compensating):
        with pytest.raises(errors.CannotResolve, match="cannot be resolved as done: it is compensating already"):
            compensating.apply(as_done)
        assert compensating.state == "stuck"


class TestResolvedAsUndone:
    def test_runs_the_hook_and_none_of_the_remaining_undos(self, harness, compensating, script):
        compensating.apply(as_undone)
        assert (compensating.state, compensating.tasks()) == ("undone", [])
        assert script.calls[-2:] == ["un_cut", "when_undone"]
        assert harness.steps(compensating.ref) == {"fold": "skipped", "cut": "skipped", "glue": "skipped"}
        assert harness.timeline(compensating.ref).saga.failure["code"] == "no"

    def test_gives_the_incidents_error_as_failure(self, harness, sequential):
        sequential.apply(as_undone)
        assert sequential.state == "undone"
        assert harness.steps(sequential.ref) == {"fold": "skipped", "cut": "skipped", "glue": "pending"}
        assert harness.timeline(sequential.ref).saga.failure == {"code": "busy", "detail": None, "step": "cut"}

    def test_is_accepted_after_a_step_without_an_undo(self, harness, at_the_last_step):
        at_the_last_step.apply(as_undone)
        assert at_the_last_step.state == "undone"
        assert harness.steps(at_the_last_step.ref) == {"fold": "skipped", "cut": "skipped"}

    def test_is_refused_once_the_outcome_is_decided(self, finishing):
        with pytest.raises(errors.CannotResolve, match="cannot be resolved as undone: its outcome is decided"):
            finishing.apply(as_undone)

    def test_is_refused_for_a_saga_that_is_never_undone(self, harness, script):
        script.answers["fold"] = [Refused("no")]
        stuck = StuckSaga(harness, harness.saga(then(script.step("fold")), undoable=False))
        with pytest.raises(errors.CannotResolve, match="its definition has no undo"):
            stuck.apply(as_undone)


class TestResolve:
    def test_records_who_why_and_how_it_ended(self, harness, sequential):
        sequential.apply(as_done)
        [incident] = harness.incidents(sequential.ref)
        assert incident.resolution == {"action": "resolve", "as": "done", **WHY}
        resolved = next(event for event in harness.timeline(sequential.ref).events if event.event == "resolved")
        assert resolved.detail == {"action": "resolve", "as": "done"}

    def test_changes_nothing_when_the_hook_fails(self, harness, sequential, script):
        script.answers["when_done"] = [ValueError("?")]
        with pytest.raises(ValueError, match=r"\?"):
            sequential.apply(as_done)
        [incident] = harness.incidents(sequential.ref)
        assert (sequential.state, incident.resolved_at) == ("stuck", None)


class TestDryRun:
    @pytest.mark.parametrize("act", ACTIONS, ids=["retry", "skip", "compensate", "done", "undone"])
    def test_returns_the_effect_and_changes_nothing(self, harness, sequential, act):
        before = harness.timeline(sequential.ref).events
        would = act(sequential.ref, sequential.deliveries.find, **WHY, dry_run=True)
        assert (sequential.state, outbox()) == ("stuck", [])
        assert len(harness.timeline(sequential.ref).events) == len(before)
        [incident] = harness.incidents(sequential.ref)
        assert incident.resolved_at is None
        assert act(sequential.ref, sequential.deliveries.find, **WHY) == would
        assert (sequential.state, tuple(sequential.tasks())) == (would.state, would.tasks)

    def test_raises_what_the_action_would_raise(self, compensating):
        with pytest.raises(errors.CannotCompensate):
            actions.compensate(compensating.ref, compensating.deliveries.find, **WHY, dry_run=True)

    def test_raises_what_the_start_of_a_queued_saga_would_raise(self, harness, sequential):
        saga_id, company_id, taken = sequential.ref.saga_id, sequential.ref.company_id, new_id()
        harness.sql(
            "INSERT INTO queued_sagas (id, after_saga_id, company_id, name, subject_id, target_id, tags, queued_at)"
            f" SELECT gen_random_uuid(), '{saga_id}', '{company_id}', 'toy', '{taken}', '{taken}', '{{}}', now()"
        )
        harness.sql(f"UPDATE sagas SET subject_id = '{taken}' WHERE id = '{saga_id}'")
        for options in ({"dry_run": True}, {}):
            with pytest.raises(psycopg.errors.UniqueViolation):
                as_done(sequential.ref, sequential.deliveries.find, **WHY, **options)
        assert sequential.state == "stuck"


class TestIncidentOption:
    def test_restricts_the_action_to_that_incident(self, sequential):
        with pytest.raises(errors.NotStuck, match="is stuck in another step by now: cut"):
            actions.retry(sequential.ref, sequential.deliveries.find, **WHY, incident=new_id())
        assert sequential.state == "stuck"
