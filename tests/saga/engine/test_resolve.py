"""Resolving: the operator has put things right by hand, and says how the saga ends."""

from functools import partial

import pytest

from kit.ids import new_id
from saga.engine import settle
from saga.engine.declaration import afterwards, then
from saga.engine.errors import Refused
from tests.saga.engine.stuck import WHY, Stuck
from tests.saga.engine.workshop import outbox

as_done, as_undone = partial(settle.resolve, end="done"), partial(settle.resolve, end="undone")
ACTIONS = [settle.retry, settle.skip, settle.compensate, as_done, as_undone]


class TestResolvedAsDone:
    def test_ends_with_the_hook_and_takes_none_of_the_steps_that_are_left(self, workshop, in_line, script):
        in_line.settle(as_done)
        assert (in_line.state, in_line.tasks()) == ("done", [])
        assert script.calls == ["fold", "cut", "cut", "when_done"]
        assert workshop.steps(in_line.ref) == {"fold": "done", "cut": "skipped", "glue": "skipped"}

    def test_still_does_what_comes_afterwards(self, workshop, script):
        script.answers["cut"] = [Refused("no")]
        stages = then(script.step("fold"), pivot=True), then(script.step("cut")), afterwards(script.step("tell"))
        stuck = Stuck(workshop, workshop.saga(*stages))
        stuck.settle(as_done)
        assert (stuck.state, stuck.tasks()) == ("finishing", ["toys.tell"])
        assert stuck.ends() == "done"

    def test_ends_what_is_stuck_afterwards_with_all_that_is_left_of_it(self, workshop, told, script):
        told.settle(as_done)
        assert (told.state, told.tasks()) == ("done", [])
        assert workshop.steps(told.ref) == {"fold": "done", "show": "skipped", "tell": "skipped"}
        assert script.calls == ["fold", "when_done", "show"]

    def test_decides_again_where_the_ending_could_not_be_decided(self, workshop, undecided):
        undecided.settle(as_done)
        assert undecided.state == "done"
        assert workshop.steps(undecided.ref) == {"fold": "done", "cut": "done"}

    def test_is_refused_once_it_has_turned_back(self, turning_back):
        with pytest.raises(settle.CannotEndSo, match="cannot end as done: it has turned back already"):
            turning_back.settle(as_done)
        assert turning_back.state == "stuck"


class TestResolvedAsUndone:
    def test_ends_with_the_hook_and_takes_none_of_the_undos_that_are_left(self, workshop, turning_back, script):
        turning_back.settle(as_undone)
        assert (turning_back.state, turning_back.tasks()) == ("undone", [])
        assert script.calls[-2:] == ["un_cut", "when_undone"]
        assert workshop.steps(turning_back.ref) == {"fold": "skipped", "cut": "skipped", "glue": "skipped"}
        assert workshop.timeline(turning_back.ref).saga.failure["code"] == "no"

    def test_says_what_it_was_stuck_in_where_it_had_not_turned_back(self, workshop, in_line):
        in_line.settle(as_undone)
        assert in_line.state == "undone"
        assert workshop.steps(in_line.ref) == {"fold": "skipped", "cut": "skipped", "glue": "pending"}
        assert workshop.timeline(in_line.ref).saga.failure == {"code": "busy", "detail": None, "step": "cut"}

    def test_may_be_past_a_step_that_cannot_be_undone_by_itself(self, workshop, at_the_last_step):
        at_the_last_step.settle(as_undone)
        assert at_the_last_step.state == "undone"
        assert workshop.steps(at_the_last_step.ref) == {"fold": "skipped", "cut": "skipped"}

    def test_is_refused_once_the_outcome_is_sure(self, told):
        with pytest.raises(settle.CannotEndSo, match="cannot end as undone: its outcome is sure"):
            told.settle(as_undone)

    def test_is_refused_where_there_is_no_ending_for_it(self, workshop, script):
        script.answers["fold"] = [Refused("no")]
        stuck = Stuck(workshop, workshop.saga(then(script.step("fold")), undoable=False))
        with pytest.raises(settle.CannotEndSo, match="it has no way back"):
            stuck.settle(as_undone)


class TestResolving:
    def test_is_on_record_with_who_why_and_how_it_ended(self, workshop, in_line):
        in_line.settle(as_done)
        [incident] = workshop.incidents(in_line.ref)
        assert incident.resolution == {"action": "resolve", "as": "done", **WHY}
        settled = next(event for event in workshop.timeline(in_line.ref).events if event.event == "settled")
        assert settled.detail == {"action": "resolve", "as": "done"}

    def test_settles_nothing_when_the_hook_fails(self, workshop, in_line, script):
        script.answers["when_done"] = [ValueError("?")]
        with pytest.raises(ValueError, match=r"\?"):
            in_line.settle(as_done)
        [incident] = workshop.incidents(in_line.ref)
        assert (in_line.state, incident.resolved_at) == ("stuck", None)


class TestDryRun:
    @pytest.mark.parametrize("act", ACTIONS, ids=["retry", "skip", "compensate", "done", "undone"])
    def test_tells_what_would_be_and_changes_nothing(self, workshop, in_line, act):
        before = workshop.timeline(in_line.ref).events
        would = act(in_line.ref, in_line.deliveries.find, **WHY, dry_run=True)
        assert (in_line.state, outbox()) == ("stuck", [])
        assert len(workshop.timeline(in_line.ref).events) == len(before)
        [incident] = workshop.incidents(in_line.ref)
        assert incident.resolved_at is None
        assert act(in_line.ref, in_line.deliveries.find, **WHY) == would
        assert (in_line.state, tuple(in_line.tasks())) == (would.state, would.tasks)

    def test_finds_the_obstacle_that_the_deed_would_find(self, turning_back):
        with pytest.raises(settle.CannotTurnBack):
            settle.compensate(turning_back.ref, turning_back.deliveries.find, **WHY, dry_run=True)


class TestTheIncidentMeant:
    def test_is_the_only_one_settled(self, in_line):
        with pytest.raises(settle.NotStuck, match="is stuck in something else by now: cut"):
            settle.retry(in_line.ref, in_line.deliveries.find, **WHY, incident=new_id())
        assert in_line.state == "stuck"
