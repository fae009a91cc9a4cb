"""Engines for the two database roles, and transactions: one per request or step, and the only code that commits."""

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

from kit import tenancy
from kit.db import engines, watchdog
from kit.db.unit_of_work import Receive, UnitOfWork
from kit.tenancy import Tenant

Json = dict[str, Any]


class Base(DeclarativeBase):
    """The base class of all models: constraint names, and column types (UUID, timestamptz, text, jsonb)."""

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


def as_json(value: Any) -> str:
    """The value as JSON text for a jsonb parameter; UUIDs, times and other types unknown to JSON become strings."""
    return orjson.dumps(value, default=str).decode()


def within_company(column: str, table: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key that includes company_id, because PostgreSQL checks foreign keys without row-level security."""
    return ForeignKeyConstraint(["company_id", column], [f"{table}.company_id", f"{table}.id"], ondelete=ondelete)


@cache
def app_engine() -> Engine:
    """Connections of the app role, which is subject to row-level security."""
    return engines.create("database_url", json_serializer=as_json)


@cache
def operator_engine() -> Engine:
    """Connections of the operator role, which sees the sagas and the outbox of every company."""
    return engines.create("operator_database_url", json_serializer=as_json)


@cache
def probe_engine() -> Engine:
    """Connections of the app role for /readyz and /metrics, available even when requests use all others."""
    return engines.create("database_url", json_serializer=as_json, pool_size=PROBE_POOL_SIZE, pre_ping=True)


PROBE_POOL_SIZE = 2
"""Connections: one for each of the two endpoints."""


def discard_inherited_connections() -> None:
    """Empty the connection pools without closing the connections. Call it after a fork, in the child."""
    for engine in (app_engine, operator_engine, probe_engine):
        if engine.cache_info().currsize:
            engine().dispose(close=False)


@contextmanager
def transaction(tenant: Tenant | None = None) -> Iterator[None]:
    """Run the block in one transaction as the app role: commit at its end, roll back after any error.

    Use `run` and `session` in the block; a session is created only when asked for. Without a tenant, no tenant's rows
    are visible until a statement has set one (see saga/engine/journal.py).
    """
    with _begin(app_engine(), tenant):
        yield


@contextmanager
def probe_transaction() -> Iterator[None]:
    """Run the block in one transaction as the app role without a tenant, on a connection of `probe_engine`."""
    with _begin(probe_engine(), Tenant()):
        yield


@contextmanager
def operator_transaction() -> Iterator[None]:
    """Run the block in one transaction as the operator role, over all companies."""
    with _begin(operator_engine()):
        yield


@contextmanager
def across_companies_transaction() -> Iterator[None]:
    """Run the block in one transaction over all companies, as a role that may use a few tables only.

    These are the tables granted to `orderx_across_companies`. It may also add to the outbox.
    """
    with operator_transaction():
        run("SET LOCAL ROLE orderx_across_companies", {})
        yield


def require_writable() -> None:
    """Raise ReadOnlySqlTransaction, and close the connection, when `probe_engine` reaches a read-only server."""
    with probe_transaction():
        if run("SELECT current_setting('transaction_read_only')", {}).fetchone() == ("on",):
            raise psycopg.errors.ReadOnlySqlTransaction("the server accepts no writes")


def session() -> Session:
    """The SQLAlchemy session of the current transaction; raises LookupError outside of one."""
    return _unit.get().session


def run(statement: str, values: Json) -> psycopg.Cursor[Any]:
    """Run a statement directly on psycopg in the current transaction; rows are plain tuples.

    For frequent statements, where SQLAlchemy's overhead matters. Parameters are `%(name)s`; errors are psycopg's.
    """
    return _unit.get().run(statement, values)


def act_for(tenant: Tenant) -> None:
    """Set the tenant for the rest of the transaction. Deferred statements run first, for the old tenant."""
    _unit.get().write_deferred()
    run(tenancy.SET_TENANT, tenancy.as_params(tenant))


def insert(values: Json, *inserts: str) -> None:
    """Buffer INSERT statements. They run as one statement at commit, or before the next `run` or `session`.

    So the inserts of several areas take one round trip. `values` are the parameters of `inserts` by name. Buffered
    statements share their parameters: if a name has another value than before, the buffered statements run first.
    """
    _unit.get().insert(values, inserts)


def insert_returning(values: Json, insert: str, receive: Receive) -> None:
    """Buffer an INSERT of one row with RETURNING, and call `receive` with that row when it has run."""
    _unit.get().insert_returning(values, insert, receive)


def write_deferred() -> None:
    """Write now what is deferred to the commit. A dry run calls this before it rolls the transaction back."""
    _unit.get().write_deferred()


def run_with_deferred(statement: str, values: Json) -> psycopg.Cursor[Any]:
    """Run a statement together with all that `insert` and `before_commit` have put off, in one round trip.

    For the last statement of a frequent transaction. It does not see the rows that are inserted with it.
    """
    return _unit.get().run_with_deferred(statement, values)


def before_commit(write: Callable[[], None]) -> None:
    """Call `write` just before the current transaction commits, once, however often it is registered.

    For rows that are collected first. It calls `insert` and thereby takes no round trip.
    """
    _unit.get().before_commit[write] = None


def after_commit(act: Callable[[], None]) -> None:
    """Call `act` once the current transaction has committed, for logs and metrics for example; it must not raise."""
    _unit.get().after_commit.append(act)


def info() -> dict[str, Any]:
    """A dictionary that lives as long as the current transaction, as SQLAlchemy's Session.info does for a session."""
    return _unit.get().info


_unit: ContextVar[UnitOfWork] = ContextVar("unit")


@contextmanager
def _begin(engine: Engine, tenant: Tenant | None = None) -> Iterator[None]:
    pool = engine.pool
    with engine.connect() as connection:
        unit = UnitOfWork(connection)
        token = _unit.set(unit)
        try:
            with watchdog.watching(unit.raw):
                unit.begin(tenant)
                yield
                unit.commit()
        except Exception as error:
            if _sqlstate(error) == _READ_ONLY:
                connection.invalidate()
            raise
        finally:
            _unit.reset(token)
            unit.close()
            if unit.is_disconnected and engine.pool is pool:
                engine.dispose()  # the idle connections in the pool are probably lost, too


_READ_ONLY = psycopg.errors.ReadOnlySqlTransaction.sqlstate


def _sqlstate(error: BaseException | None) -> str | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return cause.sqlstate if isinstance(cause, psycopg.Error) else None


def is_outage(error: BaseException) -> bool:
    """Whether the error is temporary: the database is unreachable, or refused a statement that may succeed later."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or is_outage(error.orig or Exception())
    if not isinstance(error, psycopg.Error):
        return isinstance(error, (TimeoutError, PoolTimeout))
    if not error.sqlstate:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    # 08 connection, 25006 read-only after a failover, 25P03 idle-in-transaction timeout, 40 serialization failure and
    # deadlock, 53 resources, 55P03 lock timeout, 57 operator intervention
    return error.sqlstate.startswith(("08", "25006", "25P03", "40", "53", "55P03", "57"))


def is_timeout(error: BaseException) -> bool:
    """Whether a statement was cancelled, usually by its timeout, or waited too long for a lock; it is an outage, too.

    A statement that is slow by itself reaches the limit at each attempt. So work that counts its failures counts it.
    """
    return _sqlstate(error) in {psycopg.errors.QueryCanceled.sqlstate, psycopg.errors.LockNotAvailable.sqlstate}


def is_unavailable(error: BaseException) -> bool:
    """Whether the database as a whole is affected: an outage that is no timeout of a statement."""
    return is_outage(error) and not is_timeout(error)
