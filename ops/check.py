"""Consistency checks over all companies. Each area declares the rules about its rows; they are gathered here."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain import areas
from kit.checks import Check
from kit.messaging import outbox
from saga.checks import definitions
from saga.engine import checks as journals


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that violates a rule."""

    rule: str
    row: str


def gather() -> dict[str, Check]:
    """All checks by name: those of the areas, of their sagas, of the engine and of the platform."""
    modules = [*areas.modules("domain", "checks"), *areas.modules("saga.checks"), journals, definitions, outbox]
    checks: list[Check] = [check for module in modules for check in module.CHECKS]
    found = {check.name: check for check in checks}
    if len(found) < len(checks):
        raise ValueError(f"two checks have the same name, out of {sorted(check.name for check in checks)}")
    return found


def check(*, at_rest: bool = False, provider: bool = True) -> Iterator[tuple[str, list[Finding]]]:
    """Check one rule after the other and yield (rule, violations).

    `at_rest` adds the rules that hold only while no order is in progress; `provider` adds the comparison with the
    payment provider, which comes last.
    """
    for each in sorted(gather().values(), key=lambda each: (each.asks_provider, each.at_rest)):
        if (at_rest or not each.at_rest) and (provider or not each.asks_provider):
            yield each.name, [Finding(each.name, row) for row in each.run()]
