"""Unique constraints as errors that a caller understands."""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from kit.errors import Conflict


@contextmanager
def unique_or(taken: type[Conflict]) -> Iterator[None]:
    """Raise `taken` if a statement of the block violates a unique constraint: a concurrent transaction was first."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.orig, UniqueViolation):
            raise taken from error
        raise
