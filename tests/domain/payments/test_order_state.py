"""The payment state of an order follows from the sums of its payments."""

from itertools import product

import pytest

from domain.payments.order_state import payment_state
from domain.sales.headline import PAYMENT_STATES

AMOUNTS = (0, 40, 60, 100)


@pytest.mark.parametrize(
    ("total", "granted", "held", "captured", "refunded", "state"),
    [
        (100, 0, 0, 0, 0, "none"),
        (100, 0, 40, 0, 0, "partly_authorised"),
        (100, 0, 100, 0, 0, "authorised"),
        (100, 0, 0, 40, 0, "partly_paid"),
        (100, 0, 60, 40, 0, "authorised"),
        (100, 0, 0, 100, 0, "paid"),
        (100, 40, 0, 60, 0, "paid"),
        (100, 40, 0, 100, 0, "paid"),
        (100, 40, 0, 100, 40, "partly_refunded"),
        (100, 40, 0, 60, 40, "partly_refunded"),
        (100, 100, 0, 100, 100, "refunded"),
        (100, 60, 0, 60, 60, "refunded"),
        (0, 0, 0, 0, 0, "none"),
    ],
)
def test_states_by_example(total, granted, held, captured, refunded, state):
    assert payment_state(total=total, granted=granted, held=held, captured=captured, refunded=refunded) == state


def test_every_combination_of_sums_has_one_state():
    for total, granted, held, captured, refunded in product(AMOUNTS, repeat=5):
        if not (refunded <= captured and granted <= total):
            continue
        state = payment_state(total=total, granted=granted, held=held, captured=captured, refunded=refunded)
        assert state in PAYMENT_STATES
        assert (state == "refunded") == (0 < captured == refunded)
        assert (state == "partly_refunded") == (0 < refunded < captured)
        assert (state == "none") == (captured == held == 0)
        needed = total - granted
        assert (state == "paid") == (not refunded and 0 < captured >= needed)
        assert (state == "authorised") == (not refunded and held > 0 and captured < needed <= captured + held) or (
            state == "authorised" and not captured and held >= needed
        )
