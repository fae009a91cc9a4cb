# ruff: noqa: RUF001 - digits of other scripts are the point
import string
from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import card_numbers
from ops.sandbox.cards import CARDS

LONG_ENOUGH = [card.number for card in CARDS if len(card.number) >= 15 and card.brand != "diners"]


class TestIsIn:
    @pytest.mark.parametrize("number", LONG_ENOUGH)
    @pytest.mark.parametrize("between", ["", " ", "-", ".", "\u00a0", "\u200b", " - ", "\n", ", "])
    def test_finds_a_number_in_groups_with_any_separator(self, number, between):
        groups = [number[at : at + 4] for at in range(0, len(number), 4)]
        assert card_numbers.appears_in(f"pay with {between.join(groups)} please")

    @pytest.mark.parametrize(
        "text",
        [
            "card 3782 822463 10005, 12/30",
            "4242-4242-4242-4242@x.example",
            "7 5555.5555.5555.4444",
            "４２４２４２４２４２４２４２４２",
            "４２４２　４２４２　４２４２　４２４２",
            "٤٢٤٢ ٤٢٤٢ ٤٢٤٢ ٤٢٤٢",
            "⁴²⁴²⁴²⁴²⁴²⁴²⁴²⁴²",
            "4242x4242x4242x4242",
            "4242 and 4242 and 4242 and 4242",
            "4a2b4c2d4e2f4g2h4i2j4k2l4m2n4o2",
            "4242 42\n42 4242 4242",
            "+49 30 123456, 4242 4242 4242 4242",
        ],
    )
    def test_finds_a_number_in_other_digits_and_between_letters(self, text):
        assert card_numbers.appears_in(text)

    @pytest.mark.parametrize(
        "text",
        [
            "4242424242424241", "4006381333931", "04006381333931", "+49 30 123456 7890", "0000000000000000",
            "019a0000-0000-7000-8000-000000000000", "order 42424242424242420000", "", "Notebook, A5",
            "+44 20 7946 0018, +44 20 7946 0009", "4006381333931\n100 sheets", "Harbour Street 42\n4242 Antwerp",
            "4006381333931 4006381333931", "BE71 0961 2345 6769", "VAT BE0123456749, phone +32 3 123 45 67",
        ],
    )  # fmt: skip
    def test_ignores_other_numbers(self, text):
        assert not card_numbers.appears_in(text)

    @pytest.mark.parametrize("written", [str, lambda each: each.hex], ids=["uuid", "hex"])
    def test_rarely_matches_an_id(self, written):
        ids = [uuid5(NAMESPACE_URL, str(number)) for number in range(10_000)]
        assert sum(card_numbers.appears_in(written(each)) for each in ids) <= 10

    @given(
        number=st.sampled_from(LONG_ENOUGH),
        before=st.text(string.ascii_letters + " ", max_size=20),
        after=st.text(string.ascii_letters + " ", max_size=20),
    )
    def test_finds_it_within_any_text(self, number, before, after):
        assert card_numbers.appears_in(before + number + after)
