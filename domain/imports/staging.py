"""Reading the parts of a file into rows."""

import hashlib
from dataclasses import dataclass

from domain.imports import mapping
from domain.imports.declarations import ImportKind
from domain.imports.models import Import
from kit import db
from kit.db import Json
from kit.tabular import csv_records, json_records
from kit.tabular.formats import FileFormat
from kit.tabular.records import BadRecord, Part, ReadResult, Record, UnreadableFile

ROWS_PER_CALL = 4000
"""Rows that one call of `read_next` reads, at most."""
MAX_ROWS = 1_000_000
"""Of a file."""
MAX_ROWS_AT_ONCE = 10_000
"""Of an import that writes all rows or none: they are written in one transaction."""

_READ_PART = "SELECT content FROM import_parts WHERE import_id = %(import_id)s AND part = %(part)s"
_DELETE_PART = "DELETE FROM import_parts WHERE import_id = %(import_id)s AND part = %(part)s"
_SET_CONTENT = """
    UPDATE import_parts SET content = %(content)s WHERE import_id = %(import_id)s AND part = %(part)s"""
_PREPEND_CONTENT = """
    UPDATE import_parts SET content = %(content)s || content WHERE import_id = %(import_id)s AND part = %(part)s"""
_READ_LAST_ROW = "SELECT item, key FROM import_rows WHERE import_id = %(import_id)s ORDER BY line DESC LIMIT 1"
# PostgreSQL has no COPY FROM for tables with row-level security.
_INSERT_ROWS = """
    INSERT INTO import_rows (import_id, company_id, line, item, key, cells, problem)
    SELECT %(import_id)s, %(company)s, line, item, key, cells::jsonb, problem
    FROM unnest(%(lines)s::int[], %(items)s::int[], %(keys)s::bytea[], %(cells)s::text[], %(problems)s::text[])
        AS staged (line, item, key, cells, problem)"""


@dataclass(slots=True)
class _StagedRows:
    """The columns of rows to insert."""

    lines: list[int]
    items: list[int]
    keys: list[bytes | None]
    cells: list[str | None]
    problems: list[str | None]


def read_next(running: Import, kind: ImportKind, position: Json) -> Json | None:
    """Read the next rows of the file, at most ROWS_PER_CALL; returns the next position, or None after the last part.

    The first position is `{}`. Raises UnreadableFile.
    """
    part, line = position.get("part", 0), position.get("line", 1)
    values = {"import_id": running.id, "part": part}
    row = db.run(_READ_PART, values).fetchone()
    assert row
    assert running.parts
    content, is_last = bytes(row[0]), part == running.parts - 1
    file_format = FileFormat(**running.format)
    module = json_records if file_format.is_jsonl else csv_records
    read = module.read(Part(content, line, running.header, is_last), file_format, limit=ROWS_PER_CALL)
    _keep_header(running, kind, read)
    _stage_records(running, kind, read.records)
    rest = content[read.consumed :]
    if len(read.records) == ROWS_PER_CALL:
        db.run(_SET_CONTENT, {**values, "content": rest})
        return {"part": part, "line": read.line}
    db.run(_DELETE_PART, values)
    if is_last:
        return None
    db.run(_PREPEND_CONTENT, {**values, "part": part + 1, "content": rest})
    return {"part": part + 1, "line": read.line}


def _keep_header(running: Import, kind: ImportKind, read: ReadResult) -> None:
    if read.header is not None and running.header is None:
        mapping.require_usable(read.header, kind, running.columns)
        running.header = list(read.header)


def _stage_records(running: Import, kind: ImportKind, records: list[Record]) -> None:
    running.rows += len(records)
    maximum = MAX_ROWS_AT_ONCE if running.policy == "all_or_nothing" else MAX_ROWS
    if running.rows > maximum:
        too_many = f"An import with the policy {running.policy} has at most {maximum} rows."
        raise UnreadableFile(records[-1].line, too_many)
    if not records:
        return
    staged = _StagedRows([], [], [], [], [])
    last = db.run(_READ_LAST_ROW, {"import_id": running.id}).fetchone()
    item, last_key = last or (0, None)
    for record in records:
        cells, key, problem = _check_record(record, kind, running)
        if key is None or key != last_key or kind.max_rows == 1:
            item += 1
        last_key = key
        staged.lines.append(record.line)
        staged.items.append(item)
        staged.keys.append(key)
        staged.cells.append(cells)
        staged.problems.append(problem)
    db.run(_INSERT_ROWS, {
        "import_id": running.id, "company": running.company_id, "lines": staged.lines, "items": staged.items,
        "keys": staged.keys, "cells": staged.cells, "problems": staged.problems,
    })  # fmt: skip


def _check_record(record: Record, kind: ImportKind, running: Import) -> tuple[str | None, bytes | None, str | None]:
    """The row's cells as JSON and the hash of its key, or else the problem."""
    if record.cells is None:
        return None, None, record.problem
    try:
        cells = mapping.mapped_cells(record.cells, kind, running.columns)
    except BadRecord as error:
        return None, None, str(error)
    key = mapping.key_of(cells, kind)
    if key is None:
        return None, None, mapping.missing_key(kind)
    return db.as_json(cells), hashlib.blake2b(key.encode(), digest_size=16).digest(), None
