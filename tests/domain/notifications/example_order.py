"""An example order to write mails about."""

from domain.notifications.context import Context

CONTEXT: Context = {
    "order_id": "0199f3a0-0000-7000-8000-000000000001",
    "number": "2611-42",
    "shop": "Corner Shop",
    "company": "Corner Ltd",
    "customer": "Ada Lovelace",
    "lines": [
        {"name": "Mug, hand-thrown", "sku": "MUG-1", "quantity": 2, "unit_price": 1999},
        {"name": "Green tea", "sku": "TEA-250", "quantity": 1, "unit_price": 850},
    ],
    "subtotal": 4848,
    "discount_percent": 10,
    "total": 4363,
    "currency": "EUR",
    "shipping_address": {"city": "Berlin", "country": "DE", "line1": "Torstraße 1", "name": "Ada Lovelace"},
    "failure": None,
    "branding": {},
}


def failed_order(code: str) -> Context:
    return {**CONTEXT, "failure": {"code": code, "step": "authorise_payment", "detail": None}}
