"""The PostgreSQL settings without which committed data could be lost, and whether a server has them."""

from dataclasses import dataclass

import psycopg

from kit.db.engines import CONNECTION_PARAMETERS
from kit.db.watchdog import watching


@dataclass(frozen=True, slots=True)
class Requirement:
    """A setting, its acceptable values, and the guarantee that depends on it."""

    setting: str
    values: tuple[str, ...]
    guarantee: str


POSTGRESQL_REQUIREMENTS = (
    Requirement("fsync", ("on",), "committed data survives a power failure"),
    Requirement("full_page_writes", ("on",), "a page that was half written at a power failure can be repaired"),
    Requirement(
        "synchronous_commit",
        ("on", "remote_apply"),  # the other values do not wait for a standby, or not for its disk
        "an order that was answered 202, and a payment that was requested, is on disk",
    ),
    Requirement("wal_level", ("replica", "logical"), "base backups and point-in-time recovery are possible"),
)

NOT_EMPTY = "not empty"
STANDBY_REQUIREMENT = Requirement(
    "synchronous_standby_names", (NOT_EMPTY,), "committed data survives the loss of the primary server"
)
"""Required in addition to POSTGRESQL_REQUIREMENTS with ORDERX_DURABILITY=replicated, where a standby takes over."""

_READ_SETTINGS = "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name"


def violations(url: str, *, replicated: bool = False) -> list[str]:
    """The POSTGRESQL_REQUIREMENTS, and STANDBY_REQUIREMENT if `replicated`, that sessions of this login do not meet.

    Each as `fsync is off`. Any role may ask.
    """
    requirements = [*POSTGRESQL_REQUIREMENTS, STANDBY_REQUIREMENT] if replicated else POSTGRESQL_REQUIREMENTS
    with psycopg.connect(url, **CONNECTION_PARAMETERS) as connection, watching(connection):
        names = [requirement.setting for requirement in requirements]
        actual: dict[str, str] = dict(connection.execute(_READ_SETTINGS, [names]).fetchall())
    return [
        f"{requirement.setting} is {actual[requirement.setting] or 'empty'}"
        for requirement in requirements
        if not _is_met(requirement, actual[requirement.setting])
    ]


def _is_met(requirement: Requirement, value: str) -> bool:
    return value in requirement.values or (requirement.values == (NOT_EMPTY,) and value != "")
