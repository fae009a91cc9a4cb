"""Refunds of captured payments."""

import json

from ops.sandbox import intents, objects
from ops.sandbox.errors import error, unknown
from ops.sandbox.idempotency import Reply
from ops.sandbox.ledger import Row, Transaction, insert, new_id, now
from ops.sandbox.params import Params, group, part, text

_READ_REFUNDS = "SELECT r.*, i.currency, i.charge FROM refunds r JOIN payment_intents i ON i.id = r.payment_intent"


def create(db: Transaction, params: Params) -> Reply:
    """Refund the captured amount, or `amount` of it."""
    intent = intents.find(db, text(params, "payment_intent"), param="payment_intent")
    refundable = intent["amount_captured"] - intent["amount_refunded"]
    if not intent["amount_captured"]:
        message = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        return Reply(400, error("invalid_request_error", message, param="payment_intent"))
    if not refundable:
        message = f"Charge {intent['charge']} has already been refunded."
        return Reply(400, error("invalid_request_error", message, code="charge_already_refunded"))
    refund, refunded = new_id("re"), part(params, "amount", intent["currency"], maximum=refundable, default=refundable)
    insert(
        db,
        "refunds",
        id=refund,
        created=now(),
        payment_intent=intent["id"],
        amount=refunded,
        reason=params.get("reason"),
        metadata=json.dumps(group(params, "metadata")),
    )
    db.execute(
        "UPDATE payment_intents SET amount_refunded = amount_refunded + ? WHERE id = ?", (refunded, intent["id"])
    )
    return Reply(200, objects.refund(find(db, refund)))


def find(db: Transaction, refund: str, *, param: str = "refund", status: int = 404) -> Row:
    """The refund with this id; raises Refused if there is none."""
    row: Row | None = db.execute(f"{_READ_REFUNDS} WHERE r.id = ?", (refund,)).fetchone()
    if row is None:
        raise unknown("refund", refund, param=param, status=status)
    return row


def page(db: Transaction, *, before: int, limit: int, intent: str | None) -> list[Row]:
    """Refunds, newest first, with a `seq` below `before`, of one intent or of all."""
    where = "r.seq < ?1 AND (?3 IS NULL OR r.payment_intent = ?3) ORDER BY r.seq DESC LIMIT ?2"
    return db.execute(f"{_READ_REFUNDS} WHERE {where}", (before, limit, intent)).fetchall()
