"""Errors of actions on incidents."""

from kit.errors import Conflict


class NotStuck(Conflict):
    """The saga is not stuck."""

    code = "not_stuck"


class NothingToSkip(Conflict):
    """No step has failed, but a hook could not decide the outcome: fix the cause and retry."""

    code = "nothing_to_skip"


class CannotCompensate(Conflict):
    """The saga can no longer be compensated."""

    code = "cannot_compensate"


class CannotResolve(Conflict):
    """The saga can no longer end in this way."""

    code = "cannot_resolve"
