"""Payment intents: authorise, capture, cancel."""

import json
from typing import Any

from ops.sandbox import methods, objects
from ops.sandbox.cards import APPROVED, DECLINES, EXPIRING, Decline
from ops.sandbox.errors import bad_parameter, error, unknown
from ops.sandbox.idempotency import Reply
from ops.sandbox.ledger import Row, Transaction, insert, new_id, now
from ops.sandbox.params import Params, charge, choice, group, part, text

CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_capture")
CONFIRMABLE = ("requires_payment_method", "requires_confirmation")


def create(db: Transaction, params: Params) -> Reply:
    """Create a payment intent, and confirm it at once with `confirm=true`."""
    intent = new_id("pi")
    units, currency = charge(params)
    insert(
        db,
        "payment_intents",
        id=intent,
        created=now(),
        amount=units,
        currency=currency,
        capture_method=choice(params, "capture_method", ("automatic", "automatic_async", "manual")),
        metadata=json.dumps(group(params, "metadata")),
    )
    if "payment_method" in params:
        method = methods.find(db, text(params, "payment_method"), status=400)
        _change(db, intent, payment_method=method["id"], status="requires_confirmation")
    if params.get("confirm") == "true":
        return confirm(db, {}, intent)
    return _reply(db, intent)


def confirm(db: Transaction, params: Params, intent: str) -> Reply:
    """Charge the payment method: authorise only with manual capture, otherwise also capture; or decline."""
    row = find(db, intent)
    if row["status"] not in CONFIRMABLE:
        return _unexpected_state(row, "confirm", CONFIRMABLE)
    method_id = params.get("payment_method") or row["payment_method"]
    if not method_id:
        raise bad_parameter("payment_method", "A payment method is needed to confirm.", "parameter_missing")
    method = methods.find(db, method_id, status=400)
    _change(db, intent, payment_method=method["id"], charge=new_id("ch"), last_payment_error=None)
    if method["behaviour"] in DECLINES:
        return _decline(db, intent, DECLINES[method["behaviour"]], method)
    if row["capture_method"] == "manual":
        _change(db, intent, status="requires_capture")
    else:
        _change(db, intent, status="succeeded", amount_captured=row["amount"])
    return _reply(db, intent, behaviour=method["behaviour"])


def capture(db: Transaction, params: Params, intent: str) -> Reply:
    """Capture the authorised amount, or less with `amount_to_capture`; the rest is released."""
    row = find(db, intent)
    if row["status"] == "requires_capture" and _behaviour(db, row) == EXPIRING:
        _change(db, intent, status="canceled", canceled_at=now(), cancellation_reason="automatic")
        row = find(db, intent)
    if row["status"] != "requires_capture":
        return _unexpected_state(row, "capture", ("requires_capture",))
    captured = part(params, "amount_to_capture", row["currency"], maximum=row["amount"], default=row["amount"])
    _change(db, intent, status="succeeded", amount_captured=captured)
    return _reply(db, intent)


def cancel(db: Transaction, params: Params, intent: str) -> Reply:
    """Cancel a payment that is not captured."""
    row = find(db, intent)
    if row["status"] not in CANCELABLE:
        return _unexpected_state(row, "cancel", CANCELABLE)
    reason = params.get("cancellation_reason")
    _change(db, intent, status="canceled", canceled_at=now(), cancellation_reason=reason)
    return _reply(db, intent)


def find(db: Transaction, intent: str, *, param: str = "intent", status: int = 404) -> Row:
    """The payment intent with this id; raises Refused if there is none."""
    row: Row | None = db.execute("SELECT * FROM payment_intents WHERE id = ?", (intent,)).fetchone()
    if row is None:
        raise unknown("payment_intent", intent, param=param, status=status)
    return row


def page(db: Transaction, *, before: int, limit: int, since: int) -> list[Row]:
    """Payment intents, newest first, with a `seq` below `before`, created at `since` (Unix time) or later."""
    select = "SELECT * FROM payment_intents WHERE seq < ? AND created >= ? ORDER BY seq DESC LIMIT ?"
    return db.execute(select, (before, since, limit)).fetchall()


def with_metadata(db: Transaction, *, name: str, value: str, limit: int) -> list[Row]:
    """Payment intents with this name and value in their metadata, newest first."""
    select = "SELECT * FROM payment_intents WHERE json_extract(metadata, '$.' || ?) = ? ORDER BY seq DESC LIMIT ?"
    return db.execute(select, (name, value, limit)).fetchall()


def _behaviour(db: Transaction, row: Row) -> str:
    return str(methods.find(db, row["payment_method"], status=400)["behaviour"])


def _decline(db: Transaction, intent: str, decline: Decline, method: Row) -> Reply:
    detail = {
        "code": decline.code,
        "decline_code": decline.decline_code,
        "charge": find(db, intent)["charge"],
        "payment_method": objects.payment_method(method),
    }
    failure = error("card_error", decline.message, **detail)["error"]
    _change(db, intent, status="requires_payment_method", last_payment_error=json.dumps(failure))
    shown = objects.payment_intent(find(db, intent))
    return Reply(402, {"error": failure | {"payment_intent": shown}})


def _unexpected_state(row: Row, verb: str, allowed: tuple[str, ...]) -> Reply:
    message = (
        f"You cannot {verb} this PaymentIntent because it has a status of {row['status']}. "
        f"Only one with a status of {' or '.join(allowed)} will do."
    )
    code, shown = "payment_intent_unexpected_state", objects.payment_intent(row)
    return Reply(400, error("invalid_request_error", message, code=code, payment_intent=shown))


def _change(db: Transaction, intent: str, **values: Any) -> None:
    assignments = ", ".join(f"{name} = ?" for name in values)
    db.execute(f"UPDATE payment_intents SET {assignments} WHERE id = ?", (*values.values(), intent))  # noqa: S608


def _reply(db: Transaction, intent: str, *, behaviour: str = APPROVED) -> Reply:
    return Reply(200, objects.payment_intent(find(db, intent)), behaviour)
