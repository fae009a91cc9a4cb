"""Cells become values in the declared format only, and lists and formulas survive a round trip."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import checked_text
from kit.errors import Invalid
from kit.tabular import cells, columns
from kit.tabular.columns import Column
from kit.tabular.formats import FileFormat

POINT, COMMA = FileFormat(), FileFormat(decimal_separator=",")
GERMAN = FileFormat(decimal_separator=",", thousands_separator=".")
SWISS = FileFormat(thousands_separator="'")
PRICE = Column("price", columns.decimal(max_places=2))


class TestDecimal:
    @pytest.mark.parametrize(
        ("text", "file_format", "value"),
        [
            ("33.61", POINT, "33.61"), ("33,61", COMMA, "33.61"), ("3361", POINT, "3361"), ("-0.5", POINT, "-0.5"),
            ("1.234,50", GERMAN, "1234.50"), ("1234,50", GERMAN, "1234.50"), ("1'234.50", SWISS, "1234.50"),
        ],
    )  # fmt: skip
    def test_is_read_in_the_declared_format(self, text, file_format, value):
        assert PRICE.value(text, file_format) == Decimal(value)

    @pytest.mark.parametrize(
        ("text", "file_format"),
        [
            ("33,61", POINT), ("33.61", COMMA), ("33.61", GERMAN), ("1.2345,00", GERMAN), ("12.34.567,00", GERMAN),
            ("1.234.50", GERMAN), ("1'23.50", SWISS), ("1e3", POINT), ("٣", POINT), (" 1", POINT), ("1_000", POINT),
            ("NaN", POINT), ("1.234", POINT), ("0x10", POINT), ("9" * 31, POINT), ("+1", POINT), (".5", POINT),
        ],
    )  # fmt: skip
    def test_is_never_guessed(self, text, file_format):
        with pytest.raises(ValueError, match=r"This is not a number|at most 2 decimals"):
            PRICE.value(text, file_format)

    def test_needs_two_different_separators(self):
        with pytest.raises(Invalid) as raised:
            FileFormat(decimal_separator=",", thousands_separator=",")
        assert list(raised.value.fields) == ["thousands_separator"]


class TestColumn:
    def test_has_its_own_value_for_an_empty_cell(self):
        note = Column("note", columns.text(checked_text.several_lines, max_length=5), empty="")
        assert [note.value(cell, POINT) for cell in (None, "", "a")] == ["", "", "a"]
        with pytest.raises(ValueError, match="Longer than 5 characters"):
            note.value("123456", POINT)
        with pytest.raises(ValueError, match="Write text"):
            note.value(True, POINT)

    def test_reads_flags_and_ids_strictly(self):
        assert [columns.flag(cell, POINT) for cell in ("true", False)] == [True, False]
        for wrong in ("yes", "1", "TRUE", []):
            with pytest.raises(ValueError, match="Write true or false"):
                columns.flag(wrong, POINT)
        with pytest.raises(ValueError, match="This is not an id"):
            columns.uuid("1", POINT)


class TestLists:
    @given(st.lists(st.text("ab|\\\n", min_size=1), min_size=1))
    def test_survive_a_round_trip(self, entries):
        assert cells.split_list(cells.join_list(entries)) == entries

    def test_refuse_a_backslash_that_escapes_nothing(self):
        with pytest.raises(ValueError, match="twice"):
            cells.split_list("a\\")


class TestFormulas:
    @given(st.text("'=+-@\t\r\nab1\uff1d", max_size=6))
    def test_never_begin_a_cell_and_survive_a_round_trip(self, text):
        cell = cells.escape_formula(text)
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))
        assert cells.unescape_formula(cell) == text
