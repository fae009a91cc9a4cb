"""Find stalled sagas and re-send the messages that each is missing; expire waits. Any number of processes may do so."""

from datetime import timedelta

import structlog

from kit import db
from kit.process import failpoints
from saga.engine import faults, state_machine, waiting
from saga.engine.journal import locked
from saga.engine.locked_saga import LockedSaga, SagaRef
from saga.engine.models import OPEN
from saga.engine.versions import FindDefinition, is_known

# While messages wait in the outbox for the broker, none is lost yet: re-sending would only lengthen the queue. A saga
# whose row is locked is being moved. A saga that is waiting is due when its wait expires, with or without a broker.
_LOCK_DUE_SAGAS = f"""
    SELECT id, company_id, state, name, version FROM sagas
    WHERE {OPEN} AND state <> 'stuck' AND due_at < now() AND (name, version) NOT IN (
            SELECT * FROM unnest(%(names)s::text[], %(versions)s::int[]))
        AND (state = 'waiting'
        OR NOT EXISTS (SELECT FROM outbox WHERE available_at < now() - interval '5 seconds'))
    ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED"""  # noqa: S608 - a constant of ours

LONGEST_GRACE_PERIOD = timedelta(seconds=60)

log = structlog.get_logger()


def sweep(find: FindDefinition, *, limit: int = 100) -> int:
    """Re-send what stalled sagas are missing, and expire waits that are due; return how many sagas were stalled.

    At most `limit` sagas are moved. One that cannot be read or re-sent counts as a fault of that saga alone. Sagas of a
    version that `find` does not know are left to a sweeper of another release. Raises only outages of the database.
    """
    due = _due_sagas(find, limit)
    if due:
        failpoints.hit("sweep.found")
    for ref, _ in due:
        _sweep_one(ref, find)
        failpoints.hit("sweep.resent")
    return sum(state != "waiting" for _, state in due)


def _due_sagas(find: FindDefinition, limit: int) -> list[tuple[SagaRef, str]]:
    """The sagas that are due, with their states, as far as `find` knows their versions."""
    unknown: set[tuple[str, int]] = set()
    while True:
        values = {"limit": limit, "names": [name for name, _ in unknown], "versions": [number for _, number in unknown]}
        with db.operator_transaction():
            rows = db.run(_LOCK_DUE_SAGAS, values).fetchall()
        found = {(name, version) for *_, name, version in rows if not is_known(name, version, find)}
        if not found:
            return [(SagaRef(saga_id, company_id), state) for saga_id, company_id, state, *_ in rows]
        unknown |= found


def _sweep_one(ref: SagaRef, find: FindDefinition) -> None:
    try:
        with faults.count_fault_of_single([ref]), locked(ref, find) as saga:
            if saga.due_at <= saga.now:
                _sweep_locked(saga)
    except Exception as error:
        if db.is_outage(error):
            raise
        log.exception("could not re-send a stalled saga", saga=str(ref.saga_id))


def _sweep_locked(saga: LockedSaga) -> None:
    if saga.state == "waiting" and saga.wait:
        waiting.expire(saga, saga.wait)
        if saga.state == "running":
            saga.send_task(state_machine.ADVANCE)
        log.info("wait expired", saga=str(saga.ref.saga_id), signal=saga.wait.name)
    else:
        resend(saga)


def resend(saga: LockedSaga) -> None:
    """Re-send the tasks that the saga needs to continue, except those whose retry is not due yet.

    The saga then gets as much time as it has been idle, up to LONGEST_GRACE_PERIOD: where messages are late, not lost,
    re-sending them often would only lengthen the queue.
    """
    saga.grace_period = min(saga.idle_time(), LONGEST_GRACE_PERIOD)
    for task in state_machine.due_tasks(saga):
        saga.send_task(task)
    saga.record_event("resent", None, {"tasks": [message["body"]["task"] for message in saga.messages]})
