"""Unique constraints as errors that a caller understands."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from kit.errors import Conflict


@contextmanager
def unique_or(taken: type[Conflict], **by_column: type[Conflict]) -> Iterator[None]:
    """Raise `taken` if a statement of the block violates a unique constraint: a concurrent transaction was first.

    `by_column` has other errors, for constraints whose name contains the column's.
    """
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            name = error.orig.diag.constraint_name or ""
            raise next((other for column, other in by_column.items() if column in name), taken) from error
        raise
