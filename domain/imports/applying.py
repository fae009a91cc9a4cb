"""Applying the rows of a file: a batch of items at a time, or all items at once."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from domain.imports.declarations import ImportKind, Item, Outcome, Problem, Row
from domain.imports.models import Import
from kit import db
from kit.tabular.formats import FileFormat

ROWS_PER_CALL = 500
REPORT_COLUMNS = ("line", "column", "problem")

_READ_NEXT_ROWS = """
    SELECT line, item, key, cells, problem FROM import_rows
    WHERE import_id = %(import_id)s AND line > %(after)s ORDER BY line LIMIT %(limit)s"""
_FIND_FIRST_LINES = """
    SELECT key, min(line) FROM import_rows WHERE import_id = %(import_id)s AND key = ANY(%(keys)s) GROUP BY key"""
_DELETE_ROWS = """
    DELETE FROM import_rows WHERE import_id = %(import_id)s AND line IN (
        SELECT line FROM import_rows WHERE import_id = %(import_id)s ORDER BY line LIMIT %(limit)s)"""
_DELETE_PARTS = "DELETE FROM import_parts WHERE import_id = %(import_id)s"
ROWS_PER_DELETION = 20_000


class _StagedRow(NamedTuple):
    line: int
    item: int
    key: bytes | None
    cells: dict[str, Any] | None
    problem: str | None


class AppliedBatch(NamedTuple):
    """A batch of items: the line of the last one, their rows, and the problems of those that failed."""

    last_line: int
    rows: int
    problems: list[Problem]


def apply_next(running: Import, kind: ImportKind, *, after: int, now: datetime, dry_run: bool) -> AppliedBatch | None:
    """Apply the next items, which begin after the line `after`, and count what became of them; None after the last."""
    items = _next_items(running.id, kind, after)
    if not items:
        return None
    first_lines = _first_lines(running.id, items)
    converted = [_convert(staged, kind, FileFormat(**running.format), first_lines) for staged in items]
    good = [each for each in converted if not isinstance(each, _Failed)]
    outcomes = iter(kind.apply(good, company_id=running.company_id, now=now, dry_run=dry_run) if good else [])
    problems: list[Problem] = []
    for each in converted:
        outcome: Outcome = each.problems if isinstance(each, _Failed) else next(outcomes)
        _count_outcome(running, outcome)
        problems += outcome if isinstance(outcome, list) else []
    return AppliedBatch(items[-1][-1].line, sum(map(len, items)), problems)


def _count_outcome(running: Import, outcome: Outcome) -> None:
    match outcome:
        case "created":
            running.created += 1
        case "updated":
            running.updated += 1
        case "unchanged":
            running.unchanged += 1
        case _:
            running.failed += 1


def report_lines(problems: Sequence[Problem]) -> str:
    """The problems as lines of CSV with REPORT_COLUMNS."""
    text = io.StringIO()
    csv.writer(text).writerows((line, column or "", message) for line, column, message in problems)
    return text.getvalue()


def delete_next_rows(import_id: UUID) -> bool:
    """Delete rows of the file, at most ROWS_PER_DELETION, and its unread parts; returns whether there may be more."""
    db.run(_DELETE_PARTS, {"import_id": import_id})
    return db.run(_DELETE_ROWS, {"import_id": import_id, "limit": ROWS_PER_DELETION}).rowcount == ROWS_PER_DELETION


class _Failed(NamedTuple):
    problems: list[Problem]


def _next_items(import_id: UUID, kind: ImportKind, after: int) -> list[list[_StagedRow]]:
    """The next ROWS_PER_CALL rows, with all rows of the last item."""
    limit = ROWS_PER_CALL + kind.max_rows
    rows = [
        _StagedRow(*row) for row in db.run(_READ_NEXT_ROWS, {"import_id": import_id, "after": after, "limit": limit})
    ]
    items = [list(rows_of) for _, rows_of in groupby(rows, key=lambda row: row.item)]
    if len(rows) == limit and len(items) > 1:
        items.pop()  # it may have more rows
    return items


def _first_lines(import_id: UUID, items: Sequence[Sequence[_StagedRow]]) -> dict[bytes, int]:
    keys = [item[0].key for item in items if item[0].key is not None]
    return {bytes(key): line for key, line in db.run(_FIND_FIRST_LINES, {"import_id": import_id, "keys": keys})}


def _convert(
    staged: Sequence[_StagedRow], kind: ImportKind, file_format: FileFormat, first_lines: dict[bytes, int]
) -> Item | _Failed:
    """The values of the item's rows, or all problems in them."""
    first = staged[0]
    if first.key is not None and first_lines[bytes(first.key)] != first.line:
        message = f"Line {first_lines[bytes(first.key)]} is about the same, and must not be repeated here."
        return _Failed([Problem(first.line, None, message)])
    if len(staged) > kind.max_rows:
        return _Failed([Problem(first.line, None, f"More than {kind.max_rows} lines are about the same.")])
    problems: list[Problem] = []
    rows = [Row(row.line, dict(_values(row, kind, file_format, problems))) for row in staged]
    return _Failed(problems) if problems else rows


def _values(
    row: _StagedRow, kind: ImportKind, file_format: FileFormat, problems: list[Problem]
) -> Iterator[tuple[str, Any]]:
    if row.cells is None:
        problems.append(Problem(row.line, None, row.problem or ""))
        return
    for column in kind.columns:
        if column.name in row.cells:
            try:
                yield column.name, column.value(row.cells[column.name], file_format)
            except ValueError as error:
                problems.append(Problem(row.line, column.name, str(error)))
