"""Consistency checks: rules that `orderx check` verifies. Each area declares those about its rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from kit import db

# These queries scan whole tables; all other sessions prefer indexes and have a timeout (kit/db/__init__.py).
_ALLOW_FULL_SCANS = text("SELECT set_config('enable_seqscan', 'on', true), set_config('statement_timeout', '0', true)")


@dataclass(frozen=True, slots=True)
class Check:
    """A rule over all companies, and how to find the rows that violate it, with a text for each.

    `violations` is a query, with parameters if there are any, or a function that opens its own transactions. A rule
    `at_rest` holds only while no order is in progress. A check that `asks_provider` can be left out.
    """

    name: str
    violations: str | Callable[[], Iterator[str]]
    parameters: Callable[[], dict[str, Any]] = dict
    at_rest: bool = False
    asks_provider: bool = False

    def run(self) -> Iterator[str]:
        """Find the violations. Takes as long as it needs."""
        if not isinstance(self.violations, str):
            yield from self.violations()
            return
        with db.operator_transaction():
            allow_full_scans()
            yield from db.session().scalars(text(self.violations), self.parameters())


def allow_full_scans() -> None:
    """Let the current transaction read whole tables, for as long as it takes."""
    db.session().execute(_ALLOW_FULL_SCANS)
