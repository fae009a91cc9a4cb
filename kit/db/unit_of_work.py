"""The current transaction: its connection, its session and the work deferred to its commit."""

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
Receive = Callable[[Any], None]
"""Takes the row that an INSERT returns."""


class UnitOfWork:
    """One open transaction on a connection. The SQLAlchemy session is created when it is first asked for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.raw: psycopg.Connection[Any] = connection.connection.dbapi_connection  # type: ignore[assignment]
        self._session: Session | None = None
        self.info: dict[str, Any] = {}
        self.before_commit: dict[Callable[[], None], None] = {}
        """An ordered set."""
        self.after_commit: list[Callable[[], None]] = []
        self._inserts: tuple[str, ...] = ()
        self._parameters: Json = {}
        self._returning: tuple[str, Receive] | None = None

    def begin(self, tenant: Tenant | None) -> None:
        """Begin and set the tenant in one round trip: a second one would add a fifth to a short transaction."""
        result = self.raw.pgconn.exec_(tenancy.begin_sql(tenant))
        if result.status != ExecStatus.COMMAND_OK:
            error = error_from_result(result)
            raise error if error.sqlstate else psycopg.OperationalError(str(error))

    @property
    def session(self) -> Session:
        self._flush()
        if self._session is None:
            self._session = Session(self._connection, autoflush=False, expire_on_commit=False)
        return self._session

    def run(self, statement: str, values: Json) -> psycopg.Cursor[Any]:
        self._flush()
        return self.raw.execute(statement, values)

    def insert(self, values: Json, inserts: tuple[str, ...]) -> None:
        if self._conflicts_with(values):
            self._flush()
        self._inserts += inserts
        self._parameters |= values

    def insert_returning(self, values: Json, insert: str, receive: Receive) -> None:
        if self._returning or self._conflicts_with(values):
            self._flush()
        self._returning = insert, receive
        self._parameters |= values

    def run_with_deferred(self, statement: str, values: Json) -> psycopg.Cursor[Any]:
        self._call_before_commit()
        if self._returning or self._conflicts_with(values):
            self._flush()
        statement, values = _as_one_statement((*self._inserts, statement)), self._parameters | values
        self._inserts, self._parameters = (), {}
        return self.raw.execute(statement, values)

    def _conflicts_with(self, values: Json) -> bool:
        return any(self._parameters[name] != values[name] for name in self._parameters.keys() & values.keys())

    def _flush(self) -> None:
        if self._session is not None:
            self._session.flush()
        inserts, receive = self._inserts, None
        if self._returning:
            insert, receive = self._returning
            inserts = (*inserts, insert)
        if inserts:
            answer = self.raw.execute(_as_one_statement(inserts), self._parameters)
            self._inserts, self._parameters, self._returning = (), {}, None
            if receive:
                receive(answer.fetchone())

    def write_deferred(self) -> None:
        """Write what is buffered for the commit."""
        self._call_before_commit()
        self._flush()

    def _call_before_commit(self) -> None:
        if self._session is not None:
            self._session.flush()
        writes, self.before_commit = self.before_commit, {}
        for write in writes:
            write()

    def commit(self) -> None:
        self.write_deferred()
        if self._session is not None:
            self._session.commit()
        if self._is_open:  # a session that ran no statement has not committed those run without it
            self.raw.commit()
        for act in self.after_commit:
            act()

    @property
    def is_disconnected(self) -> bool:
        """Whether the connection is lost."""
        return self.raw.closed

    @property
    def _is_open(self) -> bool:
        return self.raw.info.transaction_status != TransactionStatus.IDLE

    def close(self) -> None:
        # A transaction that is still open has failed. An error of its rollback would hide the first one.
        with suppress(psycopg.Error, DBAPIError):
            if self._session is not None:
                self._session.close()
            if not self.raw.closed and self._is_open:
                self.raw.rollback()


@cache
def _as_one_statement(statements: tuple[str, ...]) -> str:
    """The last statement with the INSERTs as its CTEs: PostgreSQL checks foreign keys between them only at its end."""
    *inserts, last = statements
    if not inserts:
        return last
    parts = ", ".join(f"part_{number} AS ({insert})" for number, insert in enumerate(inserts))
    first_word, rest = last.split(maxsplit=1)
    return f"WITH {parts}, {rest}" if first_word.upper() == "WITH" else f"WITH {parts} {last}"
