"""One open saga per target: what a command does while another saga about the same row is open.

A saga is about a subject, such as a refund, and has a target: the row that it changes, such as the order.
It holds its target until its outcome is decided; the steps that run afterwards do not. A command takes the locks of the
sagas that hold the target, and then the lock of the target's row: no saga about it starts or ends meanwhile.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from kit import db
from kit.errors import Conflict
from kit.tenancy import Tenant
from saga.engine import queued_sagas, state_machine
from saga.engine.definition import Saga
from saga.engine.journal import all_locked
from saga.engine.locked_saga import LockedSaga, SagaRef
from saga.engine.models import OPEN
from saga.engine.start import start
from saga.engine.versions import FindDefinition

Rule = Literal["stop", "queue", "refuse"]
"""What a command does about the open saga.

- `stop`: ask the open saga to stop. It compensates if it is up to its pivot, and then nothing is left to do;
  otherwise the command's saga starts once it is done.
- `queue`: start the command's saga once the open one is done.
- `refuse`: raise TargetBusy.
"""

Rules = Mapping[tuple[str, str], Rule]
"""By (name of the command's saga, name of the open saga). A pair that is not listed is refused."""

# One statement, and so one snapshot: a queued saga that another process starts meanwhile is found as either.
_FIND_SAGAS_OF_TARGET = f"""
    SELECT id, NULL FROM sagas WHERE (subject_id = %(target)s OR target_id = %(target)s) AND {OPEN}
    UNION ALL
    SELECT NULL, name FROM queued_sagas WHERE target_id = %(target)s AND overdue_since IS NOT NULL"""  # noqa: S608


class TargetBusy(Conflict):
    """Another operation on the same object is in progress."""

    code = "saga_in_progress"

    def __init__(self, in_progress: str, *, saga: str, saga_id: UUID | None) -> None:
        """`in_progress` is the first sentence of the message. `saga` is the name of the saga that holds the target.

        `saga_id` is the id of that saga, or None if the saga is queued and has not started.
        """
        super().__init__(
            f"{in_progress}. Try again when that is done.",
            saga={"name": saga, "id": saga_id and str(saga_id)},
        )


@dataclass(frozen=True, slots=True)
class LockedTarget:
    """A target and its locked sagas: the open ones, and the ones that the caller named. Its row is locked.

    `overdue` is the name of a queued saga that only another release can start.
    """

    id: UUID
    company_id: UUID
    sagas: Sequence[LockedSaga]
    overdue: str | None = None

    @property
    def holder(self) -> LockedSaga | None:
        """The saga that holds the target, if there is one."""
        return next(filter(holds_target, self.sagas), None)

    def saga(self, ref: SagaRef) -> LockedSaga:
        """The locked saga of this reference."""
        return next(saga for saga in self.sagas if saga.ref == ref)

    def apply(
        self, saga: Saga, rules: Rules, *, subject_id: UUID, request: dict[str, str], now: datetime
    ) -> Literal["started", "stop requested", "queued"]:
        """Start the command's saga, or do what the rules say about the open one; return what was done.

        `request` says why and by whom, as `{"reason", "by"}`. Raises TargetBusy if the rules refuse the command.
        Raises AlreadyRequested if the saga would be queued, but a saga of this name is queued or was started for the
        subject.
        """
        holder = self.holder
        if holder is None and self.overdue:
            raise TargetBusy("Another operation is about to start", saga=self.overdue, saga_id=None)
        if holder is None:
            start(saga, subject_id=subject_id, target_id=self.id, company_id=self.company_id, now=now)
            return "started"
        rule = rules.get((saga.name, holder.definition.name), "refuse")
        if rule == "refuse":
            open_saga = holder.definition
            raise TargetBusy(open_saga.in_progress, saga=open_saga.name, saga_id=holder.ref.saga_id)
        if rule == "stop":
            state_machine.request_stop(holder, **request)
        queued_sagas.enqueue(holder, saga, subject_id=subject_id, target_id=self.id, tags={})
        return "stop requested" if rule == "stop" else "queued"


@contextmanager
def locked_target(
    target_id: UUID,
    lock: Callable[[UUID], object],
    find: FindDefinition,
    *,
    company_id: UUID,
    also: Collection[SagaRef] = (),
) -> Iterator[LockedTarget]:
    """Lock the open sagas about the target, and `also` these, and then the target's row, by `lock`.

    Saga rows are locked first, as everywhere (docs/decisions/0003). If another saga about the target has started before
    its row is locked, the locks are released and taken again. The block is one transaction.
    """
    while True:
        with db.transaction(Tenant(company_id=company_id)):
            refs = {*_open_sagas(target_id, company_id)[0], *also}
        with _transaction(list(refs), find, company_id) as sagas:
            lock(target_id)
            found, overdue = _open_sagas(target_id, company_id)
            if refs.issuperset(found):
                yield LockedTarget(target_id, company_id, sagas, overdue)
                return


def holds_target(saga: LockedSaga) -> bool:
    """Whether the saga's outcome is undecided: until then it holds its target."""
    return saga.ended_at is None and saga.stage < len(saga.definition.main_stages)


@contextmanager
def _transaction(refs: Sequence[SagaRef], find: FindDefinition, company_id: UUID) -> Iterator[Sequence[LockedSaga]]:
    if refs:
        with all_locked(refs, find) as sagas:
            yield sagas
    else:
        with db.transaction(Tenant(company_id=company_id)):
            yield ()


def _open_sagas(target_id: UUID, company_id: UUID) -> tuple[list[SagaRef], str | None]:
    """The open sagas about the target, and the name of a queued one that is overdue."""
    rows = db.run(_FIND_SAGAS_OF_TARGET, {"target": target_id}).fetchall()
    refs = [SagaRef(saga_id, company_id) for saga_id, _ in rows if saga_id]
    return refs, next((name for _, name in rows if name), None)
