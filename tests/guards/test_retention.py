"""Every table has a retention rule, goes away with a table that has one, or has a reason to be kept."""

from domain import areas
from kit import alerts
from kit.db import Base
from kit.jobs import rows
from kit.messaging import kept_events, outbox
from kit.schedules import runs
from saga.engine import retention as journals
from tests.guards.statements import OWNERS
from workers.retention import rules

MODULES = [alerts, rows, kept_events, outbox, runs, journals, *areas.modules("domain", "retention")]
TABLES_WITHOUT_RETENTION = {module: getattr(module, "TABLES_WITHOUT_RETENTION", {}) for module in MODULES}


def with_rule():
    """Tables with a rule, and those whose rows are deleted with the rows of such a table."""
    dependents = {table for rule in rules().values() for table, _ in rule.dependents}
    found = rules().keys() | dependents
    for table in Base.metadata.tables.values():
        cascading = {
            key.referred_table.name for key in table.foreign_key_constraints if key.ondelete == "CASCADE"
        }  # fmt: skip
        if cascading & rules().keys():
            found |= {table.name}
    return found


def test_every_table_has_a_rule_or_a_reason_to_be_kept():
    kept = {table for reasons in TABLES_WITHOUT_RETENTION.values() for table in reasons}
    assert kept | with_rule() == OWNERS.keys()
    assert kept & with_rule() == set()


def test_the_reason_stands_in_the_area_of_the_table():
    misplaced = {
        table
        for module, reasons in TABLES_WITHOUT_RETENTION.items()
        for table in reasons
        if OWNERS[table].split(".")[:2] != module.__name__.split(".")[:2]
    }
    assert misplaced == set()
