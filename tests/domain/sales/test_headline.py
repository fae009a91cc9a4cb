"""The status of an order in every combination of its three states."""

from itertools import product

import pytest

from domain.sales.headline import FULFILMENT_STATES, PAYMENT_STATES, STATES, STATUSES, headline

OF_PLACED_ORDERS = """
                     none      in_progress  partly_shipped  shipped  delivered  partly_returned     returned
    none             paid      fulfilling   fulfilling      shipped  delivered  partially_returned  returned
    awaiting_customer pending  fulfilling   fulfilling      shipped  delivered  partially_returned  returned
    pending          pending   fulfilling   fulfilling      shipped  delivered  partially_returned  returned
    partly_authorised pending  fulfilling   fulfilling      shipped  delivered  partially_returned  returned
    authorised       paid      fulfilling   fulfilling      shipped  delivered  partially_returned  returned
    partly_paid      pending   fulfilling   fulfilling      shipped  delivered  partially_returned  returned
    paid             paid      fulfilling   fulfilling      shipped  delivered  partially_returned  returned
    partly_refunded  paid      fulfilling   fulfilling      shipped  delivered  partially_returned  returned
    refunded         paid      fulfilling   fulfilling      shipped  delivered  partially_returned  returned
"""
"""By payment state (rows) and fulfilment state (columns)."""
OF_CLOSED_ORDERS = {
    **dict.fromkeys(FULFILMENT_STATES, "completed"),
    "partly_returned": "partially_returned",
    "returned": "returned",
}


def table():
    columns, *rows = [line.split() for line in OF_PLACED_ORDERS.strip().splitlines()]
    placed = {(row[0], column): status for row in rows for column, status in zip(columns, row[1:], strict=True)}
    for state, payment, fulfilment in product(STATES, PAYMENT_STATES, FULFILMENT_STATES):
        if state == "placed":
            yield state, payment, fulfilment, placed[payment, fulfilment]
        elif state == "closed":
            yield state, payment, fulfilment, OF_CLOSED_ORDERS[fulfilment]
        else:
            yield state, payment, fulfilment, state


@pytest.mark.parametrize(("state", "payment", "fulfilment", "status"), list(table()))
def test_is(state, payment, fulfilment, status):
    assert headline(state, payment, fulfilment) == status


def test_has_every_status_that_the_api_names():
    assert {status for *_, status in table()} == set(STATUSES)
