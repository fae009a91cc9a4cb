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
        ("on", "remote_apply"),  # the others ask no standby, or not its disk
        "an order that was answered 202, and a payment that was asked for, is on disk",
    ),
    Need("wal_level", ("replica", "logical"), "base backups can be taken, and any second returned to"),
)

NAMED = "not empty"
STANDBYS = Need("synchronous_standby_names", (NAMED,), "what is committed survives the loss of the primary")
"""What is needed beside POSTGRESQL where a standby takes over: ORDERX_DURABILITY=replicated."""

_TELL = "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name"


def weaknesses(url: str, *, replicated: bool = False) -> list[str]:
    """What of POSTGRESQL, and of STANDBYS if `replicated`, does not hold for whoever logs in with this URL.

    Each as `fsync is off`; any role may ask.
    """
    needs = [*POSTGRESQL, STANDBYS] if replicated else POSTGRESQL
    with psycopg.connect(url, **CONNECT) as connection, watching(connection):
        told: dict[str, str] = dict(connection.execute(_TELL, [[need.setting for need in needs]]).fetchall())
    return [f"{need.setting} is {told[need.setting] or 'empty'}" for need in needs if not _is_met(need, told)]


def _is_met(need: Need, told: dict[str, str]) -> bool:
    value = told[need.setting]
    return value in need.values or (need.values == (NAMED,) and value != "")
