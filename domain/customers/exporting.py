"""Export of a company's customers, a batch at a time, with the columns of the import."""

from typing import Any
from uuid import UUID

from domain.customers.bulk_changes import COLUMNS, SELECTED
from domain.customers.importing import KIND
from kit import db

BATCH_SIZE = 1000

_READ_NEXT_CUSTOMERS = f"""
    SELECT {SELECTED} FROM customers
    WHERE company_id = %(company)s AND id > %(after)s ORDER BY id LIMIT %(limit)s"""  # noqa: S608 - constants


def next_rows(*, company_id: UUID, after: UUID) -> list[dict[str, Any]]:
    """Read the next customers after this id, the oldest first, at most BATCH_SIZE: values by column."""
    rows = db.run(_READ_NEXT_CUSTOMERS, {"company": company_id, "after": after, "limit": BATCH_SIZE}).fetchall()
    customers = (dict(zip(COLUMNS, row, strict=True)) for row in rows)
    return [{name: each[name] for name in KIND.column_names} for each in customers]
