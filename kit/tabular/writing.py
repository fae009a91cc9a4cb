"""Writing rows as CSV or JSON lines, in the default format of `FileFormat`, so that importing them changes nothing."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kit.tabular.cells import escape_formula, join_list


def write_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, with_header: bool) -> str:
    """The rows as lines of CSV, and before them the names of the columns, if wanted.

    Text that a spreadsheet would take for a formula follows an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    if with_header:
        writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row[column]) for column in columns])
    return text.getvalue()


def write_json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows as JSON objects, one in each line."""
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return escape_formula(value)
    if isinstance(value, list):
        return escape_formula(join_list(value))
    return str(value)
