"""Undoing a part of a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from kit import db


@contextmanager
def undoing(error: type[Exception]) -> Iterator[None]:
    """Undo what the block has written, and put off until the commit, if it raises this error; the error goes on.

    The transaction can go on. So the error must be raised by the block itself, not by a statement.
    """
    db.write_deferred()
    db.run("SAVEPOINT block", {})
    try:
        yield
    except error:
        db.write_deferred()
        db.run("ROLLBACK TO SAVEPOINT block", {})
        raise
