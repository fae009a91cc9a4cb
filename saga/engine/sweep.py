"""Find stalled sagas and re-send the messages that each is missing; expire waits. Any number of processes may do so."""

from datetime import timedelta

import structlog

from kit import db
from kit.process import failpoints
from saga.engine import faults, state_machine, waiting
from saga.engine.errors import UnknownVersion
from saga.engine.journal import FindDefinition, locked
from saga.engine.locked_saga import LockedSaga, SagaRef
from saga.engine.models import OPEN

# While messages wait in the outbox for the broker, none is lost yet: re-sending would only lengthen the queue. A saga
# whose row is locked is being moved. A saga that is waiting is due when its wait expires, with or without a broker.
_DUE = f"""
    SELECT id, company_id, state FROM sagas
    WHERE {OPEN} AND state <> 'stuck' AND due_at < now() AND (state = 'waiting'
        OR NOT EXISTS (SELECT FROM outbox WHERE available_at < now() - interval '5 seconds'))
    ORDER BY due_at LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED"""  # noqa: S608 - a constant of ours


LONGEST_GRACE_PERIOD = timedelta(seconds=60)

log = structlog.get_logger()


def sweep(find: FindDefinition, *, limit: int = 100) -> int:
    """Re-send what stalled sagas are missing, and expire waits that are due; return how many sagas were stalled.

    At most `limit` sagas are moved. One that cannot be read or re-sent counts as a fault of that saga alone. Raises
    only outages of the database.
    """
    with db.operator_transaction():
        due = [(SagaRef(*ids), state) for *ids, state in db.run(_DUE, {"limit": limit})]
    if due:
        failpoints.hit("sweep.found")
    for ref, _ in due:
        _sweep_one(ref, find)
        failpoints.hit("sweep.resent")
    return sum(state != "waiting" for _, state in due)


def _sweep_one(ref: SagaRef, find: FindDefinition) -> None:
    try:
        with faults.counted([ref]), locked(ref, find) as saga:
            if saga.due_at <= saga.now:
                _sweep_locked(saga)
    except UnknownVersion:
        pass  # a process of another release moves it
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
    """Re-send the tasks that the saga waits for, except those whose retry is not due yet.

    The saga then gets as much time as it has been idle, up to LONGEST_GRACE_PERIOD: where messages are late, not lost,
    re-sending them often would only lengthen the queue.
    """
    saga.grace_period = min(saga.idle_time(), LONGEST_GRACE_PERIOD)
    for task in state_machine.due_tasks(saga):
        saga.send_task(task)
    saga.record_event("resent", None, {"tasks": [message["body"]["task"] for message in saga.messages]})
