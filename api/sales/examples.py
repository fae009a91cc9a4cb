"""Examples of orders in the OpenAPI document."""

from types import SimpleNamespace
from typing import Any

from api.sales.serializers import CANCELLATION_REQUESTED_TEXT, states_of
from domain.notifications.failure_messages import for_buyer
from domain.sales import transitions

_SHOP, _PRODUCT = "01a1f9fb-f07c-7766-bd40-d664d485d37e", "01a1f9fb-f0a3-7411-8c5b-3f1d6a52c0de"
_ADDRESS = {
    "name": "Ada Example",
    "line1": "1 Harbour Street",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
}
_REQUEST: dict[str, Any] = {
    "shop_id": _SHOP,
    "lines": [{"product_id": _PRODUCT, "quantity": 2}],
    "shipping_address": _ADDRESS,
}
_LINE = "01a1f9fc-2b90-7f03-8d21-6c4e9b0a7f55"
_SAGA = "01a1f9fc-2b91-7d15-8e37-0a4c6b9d5f12"


_OTHERS = {"fulfilment_state": "none", "disputed": False}
_STATES: dict[str, dict[str, Any]] = {
    "pending": {"state": "pending", "payment_state": "none", **_OTHERS},
    "paid": {"state": "placed", "payment_state": "paid", **_OTHERS},
    "failed": {"state": "failed", "payment_state": "none", **_OTHERS},
    "cancelled": {"state": "cancelled", "payment_state": "none", **_OTHERS},
}


def _eur(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "EUR"}


def _totals(*, paid: int, due: int) -> dict[str, Any]:
    amounts = {
        "items": 3998, "discounts": 0, "shipping": 0, "fees": 0, "tax": 0, "total": 3998, "paid": paid, "refunded": 0,
        "due": due,
    }  # fmt: skip
    return {**{kind: _eur(amount) for kind, amount in amounts.items()}, "tax_included": True}


def _order(status: str, *, saga: str, changed_at: str, failure: Any = None) -> dict[str, Any]:
    return {
        **states_of(SimpleNamespace(id="01a1f9fc-2b90-7c4e-9a6d-5e0b7c1f2d38", status=status, **_STATES[status])),
        "number": "2611-42",
        "shop_id": _SHOP,
        "customer_id": "01a1f9fb-e5d1-7b02-b3a4-9c8e1f704a26",
        "total": _eur(3998),
        "failure": failure,
        "placed_at": _PLACED_AT,
        "changed_at": changed_at,
        "lines": [
            {
                "id": _LINE,
                "product_id": _PRODUCT,
                "sku": "notebook-a5",
                "name": "Notebook",
                "quantity": 2,
                "unit_price": _eur(1999),
                "total": _eur(3998),
            }
        ],
        "totals": _totals(paid=3998 if status == "paid" else 0, due=3998 if status == "pending" else 0),
        "subtotal": _eur(3998),
        "discount_percent": 0,
        "shipping_address": _ADDRESS,
        "billing_address": None,
        "phone": "+4930123456",
        "note": None,
        "channel": "shop",
        "saga": {"id": _SAGA, "state": saga},
        "cancellation_requested": False,
        "allowed_transitions": transitions.allowed(status),
    }


_PLACED_AT, _ENDED_AT = "2026-11-27T09:30:00+00:00", "2026-11-27T09:30:00.412000+00:00"
_CANCELLED_BY_CUSTOMER = {"code": "cancelled", "step": None, "detail": "ordered by mistake"}
_DECLINED = for_buyer({"code": "insufficient_funds", "step": "authorise_payment", "detail": None})

PLACE_ORDER_REQUESTS = {
    "by_token": {
        "summary": "Paid with a token of the payment provider",
        "value": {**_REQUEST, "payment": {"payment_method": "pm_card_visa"}},
    },
    "by_card": {
        "summary": "Paid with a card, if the company accepts cards",
        "value": {
            **_REQUEST,
            "payment": {"card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}},
        },
    },
}
CANCEL_REQUESTS = {"with_reason": {"value": {"reason": "ordered by mistake"}}}
PENDING = {"pending": {"summary": "Just placed", "value": _order("pending", saga="running", changed_at=_PLACED_AT)}}
BEING_CANCELLED = {
    "cancellation_requested": {
        "summary": "Paid, and being cancelled",
        "value": {
            **_order("paid", saga="done", changed_at=_ENDED_AT),
            "status_text": CANCELLATION_REQUESTED_TEXT, "cancellation_requested": True, "allowed_transitions": [],
        },
    }
}  # fmt: skip
PAID = {"paid": {"summary": "Paid", "value": _order("paid", saga="done", changed_at=_ENDED_AT)}}
FAILED = {
    "failed": {
        "summary": "Payment declined",
        "value": _order("failed", saga="undone", changed_at=_ENDED_AT, failure=_DECLINED),
    }
}
CANCELLED = {
    "cancelled": {
        "summary": "Cancelled while it was pending",
        "value": _order("cancelled", saga="undone", changed_at=_ENDED_AT, failure=_CANCELLED_BY_CUSTOMER),
    }
}
