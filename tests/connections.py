"""The connection pools of the test process."""

from kit import db
from kit.config import settings

ENGINES = (db.app_engine, db.operator_engine, db.probe_engine)


def close() -> None:
    """Close all connections in the pools. A dropped pool keeps its connections open until it is garbage-collected."""
    for engine in ENGINES:
        if engine.cache_info().currsize:
            engine().dispose()


def reconnect() -> None:
    """Close the pools; new ones use the settings as they are now."""
    close()
    for cached in (settings, *ENGINES):
        cached.cache_clear()
