"""Cells of CSV: lists, and text that a spreadsheet would take for a formula."""

import re
from collections.abc import Iterable

from kit.tabular.formats import LIST_SEPARATOR

_FORMULA_PATTERN = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""What makes a spreadsheet evaluate a cell, also in full width (OWASP, CSV Injection)."""
_ENTRY_PATTERN = re.compile(r"(?:[^|\\]|\\.)*", re.DOTALL)


def escape_formula(text: str) -> str:
    """The text after an apostrophe if a spreadsheet could take it for a formula. `unescape_formula` is the opposite."""
    return f"'{text}" if _FORMULA_PATTERN.match(text) else text


def unescape_formula(text: str) -> str:
    """The text without the apostrophe that `escape_formula` has put in front."""
    return text[1:] if text.startswith("'") and _FORMULA_PATTERN.match(text, 1) else text


def join_list(entries: Iterable[str]) -> str:
    """The entries as one cell. `split_list` is the opposite."""
    return LIST_SEPARATOR.join(re.sub(r"([|\\])", r"\\\1", entry) for entry in entries)


def split_list(cell: str) -> list[str]:
    """The entries of a cell; none for an empty one. Raises ValueError for a backslash at the end."""
    if not cell:
        return []
    entries, start = [], 0
    while True:
        entry = _ENTRY_PATTERN.match(cell, start)
        assert entry
        entries.append(re.sub(r"\\(.)", r"\1", entry[0], flags=re.DOTALL))
        start = entry.end() + 1
        if start > len(cell):
            return entries
        if cell[start - 1] != LIST_SEPARATOR:
            raise ValueError("Write a backslash twice.")
