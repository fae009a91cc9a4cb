"""What stands in the way of the turn that an operator wants a stuck saga to take."""

from saga.engine.journal import OpenSaga


def no_way_back(saga: OpenSaga) -> str | None:
    """Why the saga cannot turn back any more; None when all that was begun can be undone."""
    if saga.state != "running":
        return f"it is {saga.state} already"
    if saga.definition.when_undone is None:
        return "it has no way back"
    if saga.stage <= saga.definition.pivot:
        return None
    for step in saga.definition.steps.values():
        if saga.of(step).state == "skipped":
            return f"{step} was skipped, so nobody knows what there is to undo"
        if saga.of(step).state != "pending" and not step.undo_act:
            return f"{step} is begun and cannot be undone: {step.irreversible}"
    return None


def no_such_end(saga: OpenSaga, end: str) -> str | None:
    """Why the saga cannot be called done, or undone, any more; None when it can."""
    if end == "done":
        return "it has turned back already" if saga.state == "compensating" else None
    if saga.state == "finishing":
        return "its outcome is sure"
    return "it has no way back" if saga.definition.when_undone is None else None
