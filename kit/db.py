"""The database: engines for the two roles, and the only code that commits. One request or step, one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

import psycopg
from sqlalchemy import DateTime, Engine, ForeignKeyConstraint, MetaData, Text, Uuid, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session

from kit import tenancy
from kit.config import settings
from kit.tenancy import Tenant

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


def within_company(column: str, table: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A reference that cannot leave its company: PostgreSQL's own foreign key checks see past row-level security."""
    return ForeignKeyConstraint(["company_id", column], [f"{table}.company_id", f"{table}.id"], ondelete=ondelete)


_session: ContextVar[Session] = ContextVar("session")
_LAST_WRITES = "last writes"


@cache
def app_engine() -> Engine:
    """Connections of the app role, which row-level security binds."""
    return _engine("database_url")


@cache
def operator_engine() -> Engine:
    """Connections of the operator role, which sees every company's sagas and outbox."""
    return _engine("operator_database_url")


def _engine(setting: str) -> Engine:
    config = settings()
    return create_engine(
        dialect_url(config.need(setting)),
        pool_size=config.pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_use_lifo=True,
        hide_parameters=True,  # an error in a log shall not show mail addresses or password hashes
        connect_args={"connect_timeout": 5, "options": "-c timezone=UTC -c statement_timeout=30s"},
    )


def dialect_url(url: str) -> str:
    """The same URL, naming psycopg 3 to SQLAlchemy."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def forget_connections() -> None:
    """Let go of every connection, as a freshly forked process must."""
    for engine in (app_engine, operator_engine):
        if engine.cache_info().currsize:
            engine().dispose(close=False)


@contextmanager
def transaction(tenant: Tenant | None = None) -> Iterator[Session]:
    """One transaction as the app role, acting for the tenant; committed at the end, rolled back by any error.

    Without a tenant it sees nothing until its first statement has named one (see saga/engine/journal.py).
    """
    with _begin(app_engine()) as session:
        if tenant is not None:
            tenancy.act_for(session, tenant)
        yield session


@contextmanager
def operator_transaction() -> Iterator[Session]:
    """One transaction as the operator role, over all companies."""
    with _begin(operator_engine()) as session:
        yield session


@contextmanager
def _begin(engine: Engine) -> Iterator[Session]:
    with Session(engine, autoflush=False, expire_on_commit=False) as session, session.begin():
        token = _session.set(session)
        try:
            yield session
            session.flush()
            for last_write in session.info.get(_LAST_WRITES, ()):
                last_write(session)
        finally:
            _session.reset(token)


def session() -> Session:
    """The session of the transaction this code runs in; raises LookupError outside of one."""
    return _session.get()


def write_last(write: Callable[[Session], None]) -> None:
    """Have this write done once, as the current transaction's last, so that what many add up to is one statement."""
    writes = session().info.setdefault(_LAST_WRITES, [])
    if write not in writes:
        writes.append(write)


def is_outage(error: BaseException) -> bool:
    """Whether the database is gone or refused for a reason that waiting mends, rather than for what was asked."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or is_outage(error.orig or Exception())
    if not isinstance(error, psycopg.Error):
        return isinstance(error, (TimeoutError, PoolTimeout))
    if not error.sqlstate:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    # 08 connection, 25006 read-only after a failover, 40 serialization and deadlock, 53 resources, 55P03 lock wait,
    # 57 operator intervention
    return error.sqlstate.startswith(("08", "25006", "40", "53", "55P03", "57"))
