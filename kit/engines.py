"""How the database is connected to: the pools of the two roles, and what every connection is told."""

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine

from kit import db_roles, session_settings
from kit.config import settings

CONNECT: dict[str, Any] = {
    "connect_timeout": 5,
    "target_session_attrs": "read-write",  # no standby: of a URL with several hosts the one that accepts writes
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""How every connection is made, in libpq's words: seconds, and milliseconds for `tcp_user_timeout`."""


def create(
    setting: str, *, json_serializer: Callable[[Any], str], pool_size: int | None = None, pre_ping: bool = False
) -> Engine:
    """A pool of connections, ORDERX_POOL_SIZE unless said, with the login that the setting names.

    With `pre_ping` a connection that has died in the pool is replaced when it is taken, for a round trip each time.
    Raises NotConfigured when it is missing.
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
        hide_parameters=True,  # an error in a log shall not show mail addresses or password hashes
        connect_args=CONNECT,
    )
    return session_settings.applied(db_roles.require_group(engine, setting=setting), setting=setting)


def dialect_url(url: str) -> str:
    """The same URL, naming psycopg 3 to SQLAlchemy."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)
