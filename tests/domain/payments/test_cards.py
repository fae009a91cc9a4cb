from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments import cards
from domain.payments.gateway import Card
from kit.errors import Invalid

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GOOD = Card("4242424242424242", 12, 2030, "123")


def faults(card):
    with pytest.raises(Invalid) as caught:
        cards.check(card, now=NOW)
    return caught.value.fields


class TestCheck:
    @pytest.mark.parametrize(
        "card",
        [
            GOOD,
            replace(GOOD, number="4242 4242 4242 4242"),
            replace(GOOD, number="4242-4242-4242-4242"),
            replace(GOOD, number="4242\u00a04242\u202f4242\u20074242"),
            replace(GOOD, number="4242\u20114242\u20134242\uff0d4242"),
            replace(GOOD, number="４２４２ ４２４２ ４２４２ ４２４２"),  # noqa: RUF001 - full width, as Japanese keyboards type
            Card("378282246310005", 12, 2030, "1234"),
            replace(GOOD, exp_month=11, exp_year=2026),
        ],
    )
    def test_accepts_a_card_until_the_end_of_its_month(self, card):
        cards.check(card, now=NOW)

    @pytest.mark.parametrize(
        ("fault", "field"),
        [
            ({"number": "4242424242424241"}, "number"),
            ({"number": "42424242424"}, "number"),
            ({"number": "4" * 20}, "number"),
            ({"number": "4242x42424242424"}, "number"),
            ({"number": "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"}, "number"),
            ({"number": ""}, "number"),
            ({"exp_month": 0}, "exp_month"),
            ({"exp_month": 13}, "exp_month"),
            ({"exp_year": 30}, "exp_year"),
            ({"exp_year": 2025}, "exp_year"),
            ({"exp_month": 10, "exp_year": 2026}, "exp_month"),
            ({"cvc": "12"}, "cvc"),
            ({"cvc": "1234"}, "cvc"),
            ({"cvc": "12a"}, "cvc"),
            ({"number": "378282246310005", "cvc": "123"}, "cvc"),
        ],
    )
    def test_names_the_field_that_is_wrong(self, fault, field):
        assert list(faults(replace(GOOD, **fault))) == [f"payment.card.{field}"]

    def test_names_every_field_that_is_wrong(self):
        assert set(faults(Card("1", 0, 1, ""))) == {
            f"payment.card.{field}" for field in ("number", "exp_month", "exp_year", "cvc")
        }


class TestSecrecy:
    @given(
        number=st.from_regex(r"[0-9]{12,19}", fullmatch=True),
        cvc=st.from_regex(r"[0-9]{5,6}", fullmatch=True),
    )
    def test_repeats_neither_number_nor_code(self, number, cvc):
        card = Card(number, 12, 2030, cvc)
        with pytest.raises(Invalid) as caught:
            cards.check(card, now=NOW)
        shown = f"{card!r} {caught.value!r} {caught.value.fields}"
        assert number not in shown
        assert cvc not in shown
