"""Export the customers of a company."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Response

from api.auth.transactions import request_transaction
from api.customers.routes import blueprint
from api.customers.schemas import ExportQuery
from api.http.downloads import streamed
from domain.customers import exporting
from domain.customers.importing import KIND
from kit.tabular.writing import write_csv, write_json_lines


@blueprint.get("/export")
@blueprint.requires("export_customers")
@blueprint.arguments(ExportQuery, location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
@blueprint.response(200, {"type": "string"}, content_type="application/jsonl")
def export_customers(query: dict[str, Any]) -> Response:
    """Export all customers of your company, without their addresses, as CSV or JSON lines.

    Importing the file changes nothing. In CSV an apostrophe stands before text that a spreadsheet would take for a
    formula, such as a phone number, and `|` between the entries of a list. We keep no copy of the file: delete yours
    when a customer wants to be erased.
    """
    if query["format"] == "csv":
        return streamed(_as_csv(), content_type="text/csv; charset=utf-8; header=present", filename="customers.csv")
    lines = (write_json_lines(rows) for rows in _batches())
    return streamed(lines, content_type="application/jsonl", filename="customers.jsonl")


def _as_csv() -> Iterator[str]:
    yield write_csv(KIND.column_names, [], with_header=True)
    for rows in _batches():
        yield write_csv(KIND.column_names, rows, with_header=False)


def _batches() -> Iterator[list[dict[str, Any]]]:
    """The customers, each batch read in a separate transaction, because a slow client may take minutes."""
    after = UUID(int=0)
    while True:
        with request_transaction() as caller:
            assert caller.company_id
            rows = exporting.next_rows(company_id=caller.company_id, after=after)
        if not rows:
            return
        after = rows[-1]["id"]
        yield rows
