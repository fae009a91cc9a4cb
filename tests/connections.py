"""The connection pools of the tests' own process."""

from kit import db
from kit.config import settings

ENGINES = (db.app_engine, db.operator_engine, db.probe_engine)


def close() -> None:
    """Close what is in the pools. A pool that is only dropped leaves its connections open until they are collected."""
    for engine in ENGINES:
        if engine.cache_info().currsize:
            engine().dispose()


def reconnect() -> None:
    """Close the pools, and have new ones connect as the settings are from here on."""
    close()
    for cached in (settings, *ENGINES):
        cached.cache_clear()
