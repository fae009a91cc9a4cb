"""Rows of the ledger as Stripe's JSON objects."""

import json

from ops.sandbox.errors import Json
from ops.sandbox.ledger import Row


def payment_method(row: Row) -> Json:
    """https://docs.stripe.com/api/payment_methods/object"""
    card = {name: row[name] for name in ("brand", "fingerprint", "last4", "exp_month", "exp_year")}
    return {
        "id": row["id"],
        "object": "payment_method",
        "created": row["created"],
        "livemode": False,
        "metadata": {},
        "type": "card",
        "card": card,
    }


def payment_intent(row: Row, *, expand: bool = False) -> Json:
    """https://docs.stripe.com/api/payment_intents/object; `expand` includes the charge instead of its id."""
    return {
        "id": row["id"],
        "object": "payment_intent",
        "created": row["created"],
        "livemode": False,
        "status": row["status"],
        "amount": row["amount"],
        "amount_capturable": row["amount"] if row["status"] == "requires_capture" else 0,
        "amount_received": row["amount_captured"],
        "currency": row["currency"],
        "capture_method": row["capture_method"],
        "confirmation_method": "automatic",
        "payment_method": row["payment_method"],
        "payment_method_types": ["card"],
        "latest_charge": charge(row) if expand and row["charge"] else row["charge"],
        "last_payment_error": json.loads(row["last_payment_error"]) if row["last_payment_error"] else None,
        "canceled_at": row["canceled_at"],
        "cancellation_reason": row["cancellation_reason"],
        "metadata": json.loads(row["metadata"]),
    }


def charge(intent: Row) -> Json:
    """https://docs.stripe.com/api/charges/object, the intent's one charge."""
    captured, refunded = intent["amount_captured"], intent["amount_refunded"]
    return {
        "id": intent["charge"],
        "object": "charge",
        "livemode": False,
        "status": "failed" if intent["last_payment_error"] else "succeeded",
        "paid": not intent["last_payment_error"],
        "amount": intent["amount"],
        "currency": intent["currency"],
        "captured": captured > 0,
        "amount_captured": captured,
        "refunded": 0 < captured == refunded,
        "amount_refunded": refunded,
        "payment_intent": intent["id"],
        "payment_method": intent["payment_method"],
    }


def refund(row: Row) -> Json:
    """https://docs.stripe.com/api/refunds/object"""
    return {
        "id": row["id"],
        "object": "refund",
        "created": row["created"],
        "status": "succeeded",
        "amount": row["amount"],
        "currency": row["currency"],
        "charge": row["charge"],
        "payment_intent": row["payment_intent"],
        "reason": row["reason"],
        "metadata": json.loads(row["metadata"]),
    }


def ledger_entry(intent: Row) -> Json:
    """An intent as shown in /ledger: order, status, and amounts captured and refunded."""
    names = ("id", "status", "currency", "amount", "amount_captured", "amount_refunded", "created")
    return {"order_id": json.loads(intent["metadata"]).get("order_id")} | {name: intent[name] for name in names}
