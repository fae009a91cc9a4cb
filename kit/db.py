"""The database: engines for the two roles, and the only code that commits. One request or step, one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import DateTime, Engine, ForeignKeyConstraint, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from kit import engines, watchdog
from kit.tenancy import Tenant
from kit.unit_of_work import UnitOfWork

Json = dict[str, Any]


class Base(DeclarativeBase):
    """What every table shares: UUID keys, times with a zone, text without a length of its own, jsonb."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        UUID: Uuid(as_uuid=True),
        datetime: DateTime(timezone=True),
        str: Text,
        Json: JSONB,
    }


def as_json(told: Any) -> str:
    """The JSON that a statement is given for jsonb: UUIDs and times as text, and what else JSON lacks, too."""
    return orjson.dumps(told, default=str).decode()


def within_company(column: str, table: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A reference that cannot leave its company: PostgreSQL's own foreign key checks see past row-level security."""
    return ForeignKeyConstraint(["company_id", column], [f"{table}.company_id", f"{table}.id"], ondelete=ondelete)


@cache
def app_engine() -> Engine:
    """Connections of the app role, which row-level security binds."""
    return engines.create("database_url", json_serializer=as_json)


@cache
def operator_engine() -> Engine:
    """Connections of the operator role, which sees every company's sagas and outbox."""
    return engines.create("operator_database_url", json_serializer=as_json)


@cache
def probe_engine() -> Engine:
    """Connections of the app role for /readyz and /metrics, which ask also while requests hold all of the others."""
    return engines.create("database_url", json_serializer=as_json, pool_size=PROBES, pre_ping=True)


PROBES = 2
"""Connections: one for each of the two."""


def forget_connections() -> None:
    """Let go of every connection, as a freshly forked process must."""
    for engine in (app_engine, operator_engine, probe_engine):
        if engine.cache_info().currsize:
            engine().dispose(close=False)


@contextmanager
def transaction(tenant: Tenant) -> Iterator[Session]:
    """One transaction as the app role, acting for the tenant; committed at the end, rolled back by any error."""
    with _begin(app_engine(), tenant) as unit:
        yield unit.session


@contextmanager
def probe_transaction() -> Iterator[Session]:
    """One transaction as the app role, acting for nobody, on a connection that requests cannot take."""
    with _begin(probe_engine(), Tenant()) as unit:
        yield unit.session


@contextmanager
def lean_transaction(tenant: Tenant | None = None) -> Iterator[None]:
    """One transaction as the app role for `run` and `finish`, which SQLAlchemy joins only when a session is asked for.

    Without a tenant it sees nothing until its first statement has named one (see saga/engine/journal.py).
    """
    with _begin(app_engine(), tenant):
        yield


@contextmanager
def lean_operator_transaction() -> Iterator[None]:
    """The same as the operator role, over all companies."""
    with _begin(operator_engine()):
        yield


@contextmanager
def operator_transaction() -> Iterator[Session]:
    """One transaction as the operator role, over all companies."""
    with _begin(operator_engine()) as unit:
        yield unit.session


def require_writable() -> None:
    """Raise ReadOnlySqlTransaction when the probes' connections lead to a read-only server, and close them."""
    with probe_transaction():
        if run("SELECT current_setting('transaction_read_only')", {}).fetchone() == ("on",):
            raise psycopg.errors.ReadOnlySqlTransaction("the server accepts no writes")


def session() -> Session:
    """The session of the transaction this code runs in; raises LookupError outside of one."""
    return _unit.get().session


def run(statement: str, values: Json) -> psycopg.Cursor[Any]:
    """Run a statement straight on psycopg, in the current transaction; its rows are plain tuples.

    For the few statements that run so often that what SQLAlchemy adds to each is worth sparing; parameters are
    `%(name)s`. Errors are psycopg's own.
    """
    return _unit.get().run(statement, values)


def write(values: Json, *inserts: str) -> None:
    """Have these INSERTs done at the end, or before the next `run` or `session`, in one statement with others.

    So what several areas write for one purpose takes one round trip. A name stands for one value in all of them; where
    another area means another value by it, there is a second statement.
    """
    _unit.get().write(values, inserts)


def finish(statement: str, values: Json) -> None:
    """Have this statement run as the current transaction's last."""
    _unit.get().last = (statement, values)


def write_last(write: Callable[[], None]) -> None:
    """Have this write done once, at the current transaction's end, so that what many add up to is one statement."""
    _unit.get().last_writes[write] = None


def after_commit(act: Callable[[], None]) -> None:
    """Have this called once the current transaction has committed, to log what is true then, say; it must not raise."""
    _unit.get().after_commit.append(act)


def notes() -> dict[str, Any]:
    """What the code of the current transaction keeps for its end."""
    return _unit.get().notes


_unit: ContextVar[UnitOfWork] = ContextVar("unit")


@contextmanager
def _begin(engine: Engine, tenant: Tenant | None = None) -> Iterator[UnitOfWork]:
    pool = engine.pool
    with engine.connect() as connection:
        unit = UnitOfWork(connection)
        token = _unit.set(unit)
        try:
            with watchdog.watching(unit.raw):
                unit.begin(tenant)
                yield unit
                unit.commit()
        except Exception as error:
            if _sqlstate(error) == _READ_ONLY:
                connection.invalidate()
            raise
        finally:
            _unit.reset(token)
            unit.close()
            if unit.is_broken and engine.pool is pool:
                engine.dispose()  # what broke it has likely broken those that wait in the pool


_READ_ONLY = psycopg.errors.ReadOnlySqlTransaction.sqlstate


def _sqlstate(error: BaseException | None) -> str | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


def is_outage(error: BaseException) -> bool:
    """Whether the database is gone or refused for a reason that waiting mends, rather than for what was asked."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or is_outage(error.orig or Exception())
    if not isinstance(error, psycopg.Error):
        return isinstance(error, (TimeoutError, PoolTimeout))
    if not error.sqlstate:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    # 08 connection, 25006 read-only after a failover, 25P03 stood still in a transaction, 40 serialization and
    # deadlock, 53 resources, 55P03 lock wait, 57 operator intervention
    return error.sqlstate.startswith(("08", "25006", "25P03", "40", "53", "55P03", "57"))
