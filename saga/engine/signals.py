"""Send a signal to a saga. This only records the signal; the task `saga.advance` does what follows."""

from typing import Any

from kit import db
from kit.db import Json
from kit.errors import Conflict, NotFound
from kit.process import failpoints
from saga.engine import state_machine, waiting
from saga.engine.journal import locked
from saga.engine.locked_saga import LockedSaga, SagaRef
from saga.engine.versions import FindDefinition
from saga.engine.waiting import SignalResult
from saga.engine.waits import Signal, Wait

# A webhook that is repeated for days adds no further row.
_RECORD_SIGNAL = """
    INSERT INTO saga_signals (saga_id, company_id, signal, payload, result, sent_by, reason, received_at)
    SELECT %(saga)s, %(company)s, %(signal)s, %(payload)s, %(result)s, %(by)s, %(reason)s, %(now)s
    WHERE NOT EXISTS (
        SELECT FROM saga_signals
        WHERE (saga_id, signal, result, payload) = (%(saga)s, %(signal)s, %(result)s, %(payload)s))"""


class UnknownSignal(NotFound):
    """The saga has no wait for this signal."""

    code = "unknown_signal"


class ConflictingSignal(Conflict):
    """The saga has received this signal before, with another payload."""

    code = "conflicting_signal"


def signal(
    ref: SagaRef,
    find: FindDefinition,
    *,
    signal: Signal[Any] | str,
    payload: Any,
    by: str,
    reason: str | None = None,
) -> SignalResult:
    """Send a signal to the saga, in one transaction under its lock; the sender and an operator's reason are recorded.

    The first signal counts: it ends the wait, or is kept for when the saga comes to it. The same payload again changes
    nothing ("repeated"). One that comes when the wait is over is recorded and changes nothing ("late"). `payload` is an
    instance of the signal's type, or a JSON object of its shape.

    Raises SagaNotFound, UnknownSignal, InvalidPayload, and ConflictingSignal once another payload is recorded.
    """
    name = signal if isinstance(signal, str) else signal.name
    with locked(ref, find) as saga:
        wait = _wait_for(saga, name)
        checked = wait.signal.payload_as_json(payload)
        receipt = waiting.receive(saga, wait, checked)
        if receipt != "repeated":
            _record_signal(saga, wait, checked, receipt, {"by": by, "reason": reason})
        if receipt == "accepted" and saga.state == "running" and saga.wait is wait:
            saga.send_task(state_machine.ADVANCE)
    failpoints.hit("signal.recorded")
    if receipt == "conflicting":
        raise ConflictingSignal(f"saga {ref.saga_id} has received {name} before, with another payload")
    return receipt


def _wait_for(saga: LockedSaga, name: str) -> Wait:
    wait = saga.definition.waits.get(name)
    if wait is None:
        known = ", ".join(saga.definition.waits) or "none"
        raise UnknownSignal(f"saga {saga.definition.name} has no wait for {name}; its signals: {known}")
    return wait


def _record_signal(saga: LockedSaga, wait: Wait, payload: Json, result: SignalResult, sender: Json) -> None:
    values = {
        "saga": saga.ref.saga_id, "company": saga.ref.company_id, "signal": wait.name, "payload": db.as_json(payload),
        "result": result, "now": saga.now, **sender,
    }  # fmt: skip
    db.run(_RECORD_SIGNAL, values)
