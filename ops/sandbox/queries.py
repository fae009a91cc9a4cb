"""Read-only endpoints."""

import re
from typing import Any

from ops.sandbox import intents, methods, objects, refunds
from ops.sandbox.errors import Json, bad_parameter
from ops.sandbox.ledger import Row, Transaction
from ops.sandbox.params import Params, group, integer, text

ABOVE_EVERY_SEQ = 2**62
"""A number above every `seq` of the ledger: with it as the cursor, a page begins at the newest row."""


def payment_method(db: Transaction, params: Params, method: str) -> Json:  # noqa: ARG001
    """One payment method."""
    return objects.payment_method(methods.find(db, method))


def payment_intent(db: Transaction, params: Params, intent: str) -> Json:
    """One payment intent; `expand[]=latest_charge` includes its charge."""
    expand = "latest_charge" in group(params, "expand").values()
    return objects.payment_intent(intents.find(db, intent), expand=expand)


def payment_intents(db: Transaction, params: Params) -> Json:
    """A page of payment intents, newest first, optionally created at `created[gte]` or later."""
    expand = "data.latest_charge" in group(params, "expand").values()
    limit, before = _cursor(db, params, intents.find)
    since = integer(group(params, "created"), "gte", maximum=ABOVE_EVERY_SEQ, default=1)
    rows = intents.page(db, before=before, limit=limit + 1, since=since)
    return _list_object("/v1/payment_intents", [objects.payment_intent(r, expand=expand) for r in rows], limit)


def search_payment_intents(db: Transaction, params: Params) -> Json:
    """Payment intents by a metadata value, newest first. The only supported query is `metadata['order_id']:'…'`."""
    expand = "data.latest_charge" in group(params, "expand").values()
    query = re.fullmatch(r"metadata\['(\w+)'\]:'([\w-]+)'", text(params, "query"))
    if query is None:
        raise bad_parameter("query", "The sandbox supports only a search by one metadata value.")
    rows = intents.with_metadata(
        db, name=query[1], value=query[2], limit=integer(params, "limit", maximum=100, default=10)
    )
    found = [objects.payment_intent(row, expand=expand) for row in rows]
    return {"object": "search_result", "url": "/v1/payment_intents/search", "has_more": False, "data": found}


def refund(db: Transaction, params: Params, refund: str) -> Json:  # noqa: ARG001
    """One refund."""
    return objects.refund(refunds.find(db, refund))


def refunds_made(db: Transaction, params: Params) -> Json:
    """A page of refunds, newest first, optionally of one payment intent."""
    limit, before = _cursor(db, params, refunds.find)
    rows = refunds.page(db, before=before, limit=limit + 1, intent=params.get("payment_intent"))
    return _list_object("/v1/refunds", [objects.refund(r) for r in rows], limit)


def ledger(db: Transaction, params: Params) -> Json:  # noqa: ARG001
    """All payment intents, oldest first, for audits; amounts in minor units, times as Unix time."""
    rows = db.execute("SELECT * FROM payment_intents ORDER BY seq")
    return {"payment_intents": [objects.ledger_entry(row) for row in rows]}


def _cursor(db: Transaction, params: Params, find: Any) -> tuple[int, int]:
    limit = integer(params, "limit", maximum=100, default=10)
    if "starting_after" not in params:
        return limit, ABOVE_EVERY_SEQ
    last: Row = find(db, text(params, "starting_after"), param="starting_after", status=400)
    return limit, last["seq"]


def _list_object(url: str, data: list[Json], limit: int) -> Json:
    return {"object": "list", "url": url, "has_more": len(data) > limit, "data": data[:limit]}
