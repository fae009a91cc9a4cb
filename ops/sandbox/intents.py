"""Payment intents: money held, taken, let go."""

import json
from typing import Any

from ops.sandbox import methods, objects
from ops.sandbox.cards import APPROVED, DECLINES, LAPSING, Decline
from ops.sandbox.errors import bad_parameter, error, unknown
from ops.sandbox.ledger import Row, Transaction, insert, new_id, now
from ops.sandbox.params import Params, charge, chosen, group, part, text
from ops.sandbox.replies import Reply

CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_capture")
CONFIRMABLE = ("requires_payment_method", "requires_confirmation")


def create(db: Transaction, params: Params) -> Reply:
    """Begin a payment, and charge it at once with `confirm=true`."""
    intent = new_id("pi")
    units, currency = charge(params)
    insert(
        db,
        "payment_intents",
        id=intent,
        created=now(),
        amount=units,
        currency=currency,
        capture_method=chosen(params, "capture_method", ("automatic", "automatic_async", "manual")),
        metadata=json.dumps(group(params, "metadata")),
    )
    if "payment_method" in params:
        method = methods.find(db, text(params, "payment_method"), status=400)
        _change(db, intent, payment_method=method["id"], status="requires_confirmation")
    if params.get("confirm") == "true":
        return confirm(db, {}, intent)
    return _now(db, intent)


def confirm(db: Transaction, params: Params, intent: str) -> Reply:
    """Charge the payment method: held with manual capture, else taken at once; or declined."""
    row = find(db, intent)
    if row["status"] not in CONFIRMABLE:
        return _unexpected(row, "confirm", CONFIRMABLE)
    given = params.get("payment_method") or row["payment_method"]
    if not given:
        raise bad_parameter("payment_method", "A payment method is needed to confirm.", "parameter_missing")
    method = methods.find(db, given, status=400)
    _change(db, intent, payment_method=method["id"], charge=new_id("ch"), last_payment_error=None)
    if method["behaviour"] in DECLINES:
        return _decline(db, intent, DECLINES[method["behaviour"]], method)
    if row["capture_method"] == "manual":
        _change(db, intent, status="requires_capture")
    else:
        _change(db, intent, status="succeeded", amount_captured=row["amount"])
    return _now(db, intent, behaviour=method["behaviour"])


def capture(db: Transaction, params: Params, intent: str) -> Reply:
    """Take the held amount, or less of it with `amount_to_capture`; the rest is let go."""
    row = find(db, intent)
    if row["status"] == "requires_capture" and _behaviour(db, row) == LAPSING:
        _change(db, intent, status="canceled", canceled_at=now(), cancellation_reason="automatic")
        row = find(db, intent)
    if row["status"] != "requires_capture":
        return _unexpected(row, "capture", ("requires_capture",))
    taken = part(params, "amount_to_capture", row["currency"], most=row["amount"], default=row["amount"])
    _change(db, intent, status="succeeded", amount_captured=taken)
    return _now(db, intent)


def cancel(db: Transaction, params: Params, intent: str) -> Reply:
    """Let go of a payment that was not taken yet."""
    row = find(db, intent)
    if row["status"] not in CANCELABLE:
        return _unexpected(row, "cancel", CANCELABLE)
    reason = params.get("cancellation_reason")
    _change(db, intent, status="canceled", canceled_at=now(), cancellation_reason=reason)
    return _now(db, intent)


def find(db: Transaction, intent: str, *, param: str = "intent", status: int = 404) -> Row:
    """The payment intent with this id; refused when there is none."""
    row: Row | None = db.execute("SELECT * FROM payment_intents WHERE id = ?", (intent,)).fetchone()
    if row is None:
        raise unknown("payment_intent", intent, param=param, status=status)
    return row


def page(db: Transaction, *, before: int, limit: int, since: int) -> list[Row]:
    """Payment intents, newest first, older than the one with this `seq`, created at `since` (epoch) or later."""
    select = "SELECT * FROM payment_intents WHERE seq < ? AND created >= ? ORDER BY seq DESC LIMIT ?"
    return db.execute(select, (before, since, limit)).fetchall()


def having(db: Transaction, *, name: str, value: str, limit: int) -> list[Row]:
    """Payment intents whose metadata have this value under this name, newest first."""
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


def _unexpected(row: Row, verb: str, wanted: tuple[str, ...]) -> Reply:
    message = (
        f"You cannot {verb} this PaymentIntent because it has a status of {row['status']}. "
        f"Only one with a status of {' or '.join(wanted)} will do."
    )
    code, shown = "payment_intent_unexpected_state", objects.payment_intent(row)
    return Reply(400, error("invalid_request_error", message, code=code, payment_intent=shown))


def _change(db: Transaction, intent: str, **values: Any) -> None:
    assignments = ", ".join(f"{name} = ?" for name in values)
    db.execute(f"UPDATE payment_intents SET {assignments} WHERE id = ?", (*values.values(), intent))  # noqa: S608


def _now(db: Transaction, intent: str, *, behaviour: str = APPROVED) -> Reply:
    return Reply(200, objects.payment_intent(find(db, intent)), behaviour)
