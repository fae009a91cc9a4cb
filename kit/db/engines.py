"""SQLAlchemy engines: connection parameters and pools."""

from collections.abc import Callable
from typing import Any

import orjson
import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, make_url

from kit.config import settings
from kit.db import roles, session_settings

CONNECTION_PARAMETERS: dict[str, Any] = {
    "connect_timeout": 5,
    "target_session_attrs": "read-write",  # of several hosts in the URL, the one that accepts writes
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""libpq parameters of every connection: in seconds, `tcp_user_timeout` in milliseconds."""


def create(
    setting: str, *, json_serializer: Callable[[Any], str], pool_size: int | None = None, pre_ping: bool = False
) -> Engine:
    """Create an engine with a connection pool for the URL in the named setting; the default size is ORDERX_POOL_SIZE.

    With `pre_ping` a dead connection is replaced on checkout, at the cost of a round trip each time. Raises
    NotConfigured when the setting is missing.
    """
    config = settings()
    engine = create_engine(
        dialect_url(config.require(setting)),
        pool_size=pool_size or config.pool_size,
        pool_pre_ping=pre_ping,
        max_overflow=0,
        pool_timeout=5,
        pool_use_lifo=True,
        json_serializer=json_serializer,
        json_deserializer=orjson.loads,
        hide_parameters=True,  # errors in logs must not contain mail addresses or password hashes
        connect_args=CONNECTION_PARAMETERS,
    )
    return session_settings.apply_to_connections(roles.require_group(engine, setting=setting), setting=setting)


def psycopg_connection(connection: Connection) -> psycopg.Connection:
    """Psycopg's connection under one of SQLAlchemy's."""
    driver_connection = connection.connection.driver_connection
    assert isinstance(driver_connection, psycopg.Connection)
    return driver_connection


def dialect_url(url: str) -> URL:
    """The URL with psycopg 3 as SQLAlchemy's driver."""
    return make_url(url).set(drivername="postgresql+psycopg")
