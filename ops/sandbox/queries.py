"""What can be asked of the sandbox without changing anything."""

import re
from typing import Any

from ops.sandbox import intents, methods, objects, refunds
from ops.sandbox.errors import Json, bad_parameter
from ops.sandbox.ledger import Row, Transaction
from ops.sandbox.params import Params, group, text, whole

EVERYTHING = 2**62
"""More than any `seq` there will be: the newest row comes before it."""


def payment_method(db: Transaction, params: Params, method: str) -> Json:  # noqa: ARG001
    """One payment method."""
    return objects.payment_method(methods.find(db, method))


def payment_intent(db: Transaction, params: Params, intent: str) -> Json:
    """One payment intent; with `expand[]=latest_charge` its charge is shown whole."""
    expand = "latest_charge" in group(params, "expand").values()
    return objects.payment_intent(intents.find(db, intent), expand=expand)


def payment_intents(db: Transaction, params: Params) -> Json:
    """A page of payment intents, newest first, perhaps those created at `created[gte]` or later."""
    expand = "data.latest_charge" in group(params, "expand").values()
    limit, before = _cursor(db, params, intents.find)
    since = whole(group(params, "created"), "gte", most=EVERYTHING, default=1)
    rows = intents.page(db, before=before, limit=limit + 1, since=since)
    return _listed("/v1/payment_intents", [objects.payment_intent(r, expand=expand) for r in rows], limit)


def search_payment_intents(db: Transaction, params: Params) -> Json:
    """The payment intents with a value of their metadata, newest first: `metadata['order_id']:'…'`, nothing else."""
    expand = "data.latest_charge" in group(params, "expand").values()
    asked = re.fullmatch(r"metadata\['(\w+)'\]:'([\w-]+)'", text(params, "query"))
    if asked is None:
        raise bad_parameter("query", "The sandbox searches by one value of the metadata only.")
    rows = intents.having(db, name=asked[1], value=asked[2], limit=whole(params, "limit", most=100, default=10))
    found = [objects.payment_intent(row, expand=expand) for row in rows]
    return {"object": "search_result", "url": "/v1/payment_intents/search", "has_more": False, "data": found}


def refund(db: Transaction, params: Params, refund: str) -> Json:  # noqa: ARG001
    """One refund."""
    return objects.refund(refunds.find(db, refund))


def refunds_made(db: Transaction, params: Params) -> Json:
    """A page of refunds, newest first, perhaps those of one payment intent."""
    limit, before = _cursor(db, params, refunds.find)
    rows = refunds.page(db, before=before, limit=limit + 1, intent=params.get("payment_intent"))
    return _listed("/v1/refunds", [objects.refund(r) for r in rows], limit)


def ledger(db: Transaction, params: Params) -> Json:  # noqa: ARG001
    """Every payment intent, oldest first, for an audit; amounts in minor units, times in seconds since the epoch."""
    rows = db.execute("SELECT * FROM payment_intents ORDER BY seq")
    return {"payment_intents": [objects.audited(row) for row in rows]}


def _cursor(db: Transaction, params: Params, find: Any) -> tuple[int, int]:
    limit = whole(params, "limit", most=100, default=10)
    if "starting_after" not in params:
        return limit, EVERYTHING
    last: Row = find(db, text(params, "starting_after"), param="starting_after", status=400)
    return limit, last["seq"]


def _listed(url: str, data: list[Json], limit: int) -> Json:
    return {"object": "list", "url": url, "has_more": len(data) > limit, "data": data[:limit]}
