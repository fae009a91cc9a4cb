"""Rehearse a command: what happens when it finds an open saga about the same target."""

from dataclasses import dataclass
from typing import Literal

from saga.engine.definition import Saga
from saga.engine.rehearse import Rehearsal, rehearse
from saga.engine.targets import Rule, Rules

CommandEnding = Literal["starts at once", "starts afterwards", "is dropped", "is refused"]


@dataclass(frozen=True, slots=True)
class CommandRehearsal:
    """The rule that applies, if the open saga still holds the target; what that saga does; and what the command does.

    A saga that is queued starts when the open one is done, and is dropped when that is undone.
    """

    rule: Rule | None
    open_saga: Rehearsal
    command: CommandEnding


def rehearse_command(command: Saga, open_saga: Saga, rules: Rules, *, at: str) -> CommandRehearsal:
    """Return what happens when `command` comes while the open saga is at this step or wait, and no step fails.

    The step has begun and has no answer yet. Pure: no step runs, and nothing is read. Raises ValueError when the open
    saga does not have the step or the wait.
    """
    stage_of = {entry.name: index for _, index, entry in open_saga.numbered_entries()}
    if at not in stage_of:
        raise ValueError(f"{open_saga.name} has no step and no wait {at}")
    to_its_end = rehearse(open_saga)
    if stage_of[at] >= len(open_saga.main_stages):
        return CommandRehearsal(None, to_its_end, "starts at once")
    rule = rules.get((command.name, open_saga.name), "refuse")
    if rule == "refuse":
        return CommandRehearsal(rule, to_its_end, "is refused")
    if rule == "stop" and _stops(open_saga, at, stage_of[at]):
        return CommandRehearsal(rule, _rehearse_undos(open_saga, stage_of, stage_of[at]), "is dropped")
    return CommandRehearsal(rule, to_its_end, "starts afterwards")


def _stops(saga: Saga, at: str, stage: int) -> bool:
    """Whether the saga is still up to its pivot when it next looks: at once in a wait, else after the step's answer."""
    return (stage if at in saga.waits else stage + 1) <= saga.pivot_index


def _rehearse_undos(saga: Saga, stage_of: dict[str, int], stage: int) -> Rehearsal:
    begun = [step for step in saga.steps.values() if stage_of[step.name] <= stage]
    undone = tuple(step.undo_name for step in reversed(begun) if step.undo_name)
    return Rehearsal(tuple(step.name for step in begun), undone, "undone")
