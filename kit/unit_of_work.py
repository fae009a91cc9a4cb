"""A transaction under way, and what is done at its end."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kit import tenancy
from kit.tenancy import Tenant

Json = dict[str, Any]


class UnitOfWork:
    """A transaction under way: its connection and, once somebody has asked for it, its session."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.raw: psycopg.Connection[Any] = connection.connection.dbapi_connection  # type: ignore[assignment]
        self._session: Session | None = None
        self.notes: dict[str, Any] = {}
        self.last_writes: dict[Callable[[], None], None] = {}
        self.last: tuple[str, Json] | None = None
        self.after_commit: list[Callable[[], None]] = []
        self._inserts: tuple[str, ...] = ()
        self._inserted: Json = {}

    def begin(self, tenant: Tenant | None) -> None:
        """Begin, and say for whom, in one message: two of them would be a fifth of what a short transaction costs."""
        result = self.raw.pgconn.exec_(tenancy.begin_sql(tenant))
        if result.status != ExecStatus.COMMAND_OK:
            refused = error_from_result(result)
            raise refused if refused.sqlstate else psycopg.OperationalError(str(refused))

    @property
    def session(self) -> Session:
        self._flush()
        if self._session is None:
            self._session = Session(self._connection, autoflush=False, expire_on_commit=False)
        return self._session

    def run(self, statement: str, values: Json) -> psycopg.Cursor[Any]:
        self._flush()
        return self.raw.execute(statement, values)

    def write(self, values: Json, inserts: tuple[str, ...]) -> None:
        if any(self._inserted[name] != values[name] for name in self._inserted.keys() & values.keys()):
            self._flush()
        self._inserts += inserts
        self._inserted |= values

    def _flush(self) -> None:
        if self._session is not None:
            self._session.flush()
        if self._inserts:
            self.raw.execute(_as_one(self._inserts), self._inserted)
            self._inserts, self._inserted = (), {}

    def commit(self) -> None:
        if self._session is not None:
            self._session.flush()
        for write in self.last_writes:
            write()
        self._flush()
        if self.last:
            self.run(*self.last)
        if self._session is not None:
            self._session.commit()
        if self._is_open:  # a session that was never used has committed nothing of what went past it
            self.raw.commit()
        for act in self.after_commit:
            act()

    @property
    def is_broken(self) -> bool:
        """Whether the connection is lost."""
        return self.raw.closed

    @property
    def _is_open(self) -> bool:
        return self.raw.info.transaction_status != TransactionStatus.IDLE

    def close(self) -> None:
        # What is still open has failed. A connection that will not even be rolled back is no news after that.
        with suppress(psycopg.Error, DBAPIError):
            if self._session is not None:
                self._session.close()
            if not self.raw.closed and self._is_open:
                self.raw.rollback()


@cache
def _as_one(inserts: tuple[str, ...]) -> str:
    """All of them in one statement; PostgreSQL checks references once all is in."""
    *others, last = inserts
    named = ", ".join(f"part_{number} AS ({insert})" for number, insert in enumerate(others))
    return f"WITH {named} {last}" if others else last
