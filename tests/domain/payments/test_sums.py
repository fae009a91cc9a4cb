"""The status of a payment follows from the sums of its events, whatever they are."""

from itertools import product

import pytest

from domain.payments.sums import READ_SUMS, STATUS, Sums
from kit import db

AMOUNTS = (0, 1, 100)
EVENTS = """(VALUES {rows}) AS e (payment_id, type, amount, detail)"""


def expected(sums: Sums, events: int) -> str:
    if sums.captured or sums.refunded:
        return "refunded" if sums.refunded >= sums.captured else "captured"
    if sums.voided:
        return "voided"
    if sums.authorised:
        return "authorised"
    return "failed" if events else "pending"


@pytest.mark.usefixtures("database")
class TestStatus:
    def test_follows_from_every_combination_of_sums(self):
        combinations = [(Sums(*sums), events) for *sums, events in product(*[AMOUNTS] * 5, (0, 1))]
        rows = ", ".join(f"({place}, {', '.join(map(str, sums))}, {n})" for place, (sums, n) in enumerate(combinations))
        with db.transaction():
            found = db.run(
                f"SELECT {STATUS} FROM (VALUES {rows}) AS s (place, {', '.join(Sums._fields)}, events) ORDER BY place",
                {},
            ).fetchall()
        assert [status for (status,) in found] == [expected(sums, events) for sums, events in combinations]

    @pytest.mark.parametrize(
        ("events", "sums"),
        [
            ([("authorised", 100), ("captured", 60)], Sums(authorised=100, captured=60)),
            ([("captured", 60), ("refunded", 10), ("refunded", 10)], Sums(captured=60, refunded=20)),
            ([("captured", 60), ("refunded", 10), ("refund_failed", 10)], Sums(captured=60)),
            ([("captured", 60), ("disputed", 60)], Sums(captured=60, disputed=60)),
            ([("captured", 60), ("disputed", 60), ("dispute_won", 60)], Sums(captured=60)),
            ([("authorised", 100), ("voided", 100)], Sums(authorised=100, voided=100)),
        ],
    )
    def test_sums_add_up_what_was_recorded(self, events, sums):
        rows = ", ".join(f"(1, '{type_}', {amount}, '{{}}'::jsonb)" for type_, amount in events)
        with db.transaction():
            found = db.run(READ_SUMS.format(events=EVENTS.format(rows=rows)), {}).fetchone()
        assert Sums(*found[1:-1]) == sums

    def test_sums_leave_out_what_was_returned_of_a_duplicate(self):
        rows = "(1, 'captured', 60, '{}'::jsonb), (1, 'refunded', 60, '{\"code\": \"surplus\"}'::jsonb)"
        with db.transaction():
            found = db.run(READ_SUMS.format(events=EVENTS.format(rows=rows)), {}).fetchone()
        assert Sums(*found[1:-1]) == Sums(captured=60)
