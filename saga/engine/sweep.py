"""Finding stranded sagas and sending again exactly what each is missing. Safe to run anywhere, in any number."""

from datetime import timedelta

import structlog

from kit import db
from kit.process import failpoints
from saga.engine import faults, flow
from saga.engine.errors import UnknownVersion
from saga.engine.journal import Find, OpenSaga, Ref, locked
from saga.engine.tables import OPEN

# While the outbox waits for the broker nothing is lost yet: sending it again would only lengthen the queue. And a saga
# that somebody holds is being moved.
_STRANDED = f"""
    SELECT id, company_id FROM sagas
    WHERE {OPEN} AND state <> 'stuck' AND due_at < now()
        AND NOT EXISTS (SELECT FROM outbox WHERE available_at < now() - interval '5 seconds')
    ORDER BY due_at LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED"""  # noqa: S608 - a constant of ours


LONGEST_GRACE = timedelta(seconds=60)

log = structlog.get_logger()


def sweep(find: Find, *, most: int = 100) -> int:
    """Re-send what at most this many stranded sagas are missing; how many there were.

    A saga that cannot be opened or re-sent is a fault of that saga alone. Raises only when the database is gone.
    """
    with db.operator_transaction():
        stranded = [Ref(*row) for row in db.run(_STRANDED, {"most": most})]
    if stranded:
        failpoints.hit("sweep.found")
    for ref in stranded:
        _sweep_one(ref, find)
        failpoints.hit("sweep.resent")
    return len(stranded)


def _sweep_one(ref: Ref, find: Find) -> None:
    try:
        with faults.counted([ref]), locked(ref, find) as saga:
            if saga.due_at <= saga.now:
                resend(saga)
    except UnknownVersion:
        pass  # a process of another release takes it
    except Exception as error:
        if db.is_outage(error):
            raise
        log.exception("a saga could not be swept", saga=str(ref.saga_id))


def resend(saga: OpenSaga) -> None:
    """Send what the saga waits for; what is merely waiting for its retry is left to come.

    Each time it is left alone as long again as it has stood still already: where queues are long, not lost, asking
    again and again would only make them longer.
    """
    saga.grace = min(saga.stood_still(), LONGEST_GRACE)
    for task in flow.missing(saga):
        saga.send_task(task)
    saga.note("resent", None, {"tasks": [each["body"]["task"] for each in saga.sent]})
