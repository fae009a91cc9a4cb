"""Check whether a stuck saga can still be compensated, or resolved as an operator asks."""

from typing import Literal

from saga.engine.locked_saga import LockedSaga

End = Literal["done", "undone"]


def reason_not_to_compensate(saga: LockedSaga) -> str | None:
    """Why the saga cannot be compensated; None if every step that was begun can be undone."""
    if saga.state != "running":
        return f"it is {saga.state} already"
    if saga.definition.when_undone is None:
        return "its definition has no undo"
    if saga.stage <= saga.definition.pivot_index:
        return None
    for step in saga.definition.steps.values():
        if saga.step_state(step).state == "skipped":
            return f"{step} was skipped, so it is not known what there is to undo"
        if saga.step_state(step).state != "pending" and not step.undo_function:
            return f"{step} is begun and cannot be undone: {step.irreversible}"
    return None


def reason_not_to_resolve(saga: LockedSaga, end: End) -> str | None:
    """Why the saga cannot be resolved as done, or as undone; None if it can."""
    if end == "done":
        return "it is compensating already" if saga.state == "compensating" else None
    if saga.state == "finishing":
        return "its outcome is decided"
    return "its definition has no undo" if saga.definition.when_undone is None else None
