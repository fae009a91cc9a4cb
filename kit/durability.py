"""What PostgreSQL must be set to so that what it has committed is never lost, and whether it is."""

from dataclasses import dataclass

import psycopg

from kit.engines import CONNECT
from kit.watchdog import watching


@dataclass(frozen=True, slots=True)
class Need:
    """A setting that a promise rests on; any of `values` will do."""

    setting: str
    values: tuple[str, ...]
    promise: str


POSTGRESQL = (
    Need("fsync", ("on",), "what is committed survives a power cut"),
    Need("full_page_writes", ("on",), "a page that was half written when the power went can be mended"),
    Need(
        "synchronous_commit",
        ("on", "local", "remote_write", "remote_apply"),
        "an order that was answered 202, and a payment that was asked for, is on disk",
    ),
    Need("wal_level", ("replica", "logical"), "base backups can be taken, and any second returned to"),
)

_TELL = "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name"


def weaknesses(url: str) -> list[str]:
    """What of POSTGRESQL does not hold for whoever logs in with this URL, as `fsync is off`; any role may ask."""
    with psycopg.connect(url, **CONNECT) as connection, watching(connection):
        told: dict[str, str] = dict(connection.execute(_TELL, [[need.setting for need in POSTGRESQL]]).fetchall())
    return [f"{need.setting} is {told[need.setting]}" for need in POSTGRESQL if told[need.setting] not in need.values]
