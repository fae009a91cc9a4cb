"""Every window between two durable effects has a failpoint, and every failpoint a test that kills there."""

import ast
import re
from importlib import import_module

from domain.areas import AREAS
from tests.guards.failpoints import points
from tests.guards.source_tree import ROOT, sources, tree
from tests.saga.engine.wait_failpoints import WAIT_FAILPOINTS
from tests.stack.failpoint_cases import FAILPOINT_CASES

WITHOUT_FAILPOINT = {
    "saga/engine/fingerprints.py: record": "each definition is complete in itself",
    "saga/engine/journal.py: locked": "it is the transaction that the others open",
    "saga/engine/journal.py: all_locked": "so is this",
    "saga/engine/executor.py: _execute": "its callers have the points",
    "saga/engine/recovery.py: record_step_failure": "its caller has the point",
    "saga/engine/recovery.py: record_undecided": "an incident is the last that happens",
    "saga/incidents/actions.py: _act": "it is one separate transaction",
    "saga/engine/targets.py: locked_target": "it is the transaction that commands open: their routes have the points",
    "saga/engine/targets.py: _transaction": "so is this",
    "saga/engine/sweep.py: _due_sagas": "it only reads",
    "saga/engine/sweep.py: _sweep_one": "its caller has the point",
    "saga/deliveries/mail_delivery.py: _record_results": "its caller has the point",
    "saga/deliveries/lease_renewal.py: _renew_leases_of": "a renewal is complete in itself",
    "workers/alerts/database.py: check": "each statement is complete in itself",
    "workers/alerts/heartbeats.py: _commit": "it writes nothing that anybody reads",
    "workers/alerts/heartbeats.py: check": "each statement is complete in itself",
    "workers/alerts/queues.py: check": "each statement is complete in itself",
    "workers/alerts/delivery.py: _claim_alert": "a claim expires, and another sweeper delivers",
    "workers/alerts/delivery.py: _execute": "a webhook call that was not recorded is repeated",
    "workers/alerts/failed_jobs.py: check": "each statement is complete in itself",
    "workers/alerts/schedules.py: check": "each statement is complete in itself",
    "workers/retention.py: _delete_first_batch": "a batch and the job for the rest are one transaction",
    "workers/events/missed_events.py: _replay_consumer": "it only reads",
    "workers/events/reactions.py: _transaction": "its caller has the point",
    "workers/events/replay.py: _read_batch": "it only reads",
    "workers/overdue_mails.py: resend": "each statement is complete in itself",
}
"""Functions of the engine and the workers that open a transaction without a failpoint, and why.

Those of an area stand in `tests/stack/<area>/without_failpoint.py`.
"""
OF_AREAS = {
    area: import_module(f"tests.stack.{area}.without_failpoint").WITHOUT_FAILPOINT
    for area in AREAS
    if (ROOT / "tests/stack" / area / "without_failpoint.py").exists()
}


def opens_a_transaction(node):
    return isinstance(node, ast.With) and any(
        ast.unparse(item.context_expr).partition("(")[0].endswith(("transaction", "locked")) for item in node.items
    )


def is_a_point(node):
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "failpoints.hit"


def functions_with(wanted):
    return {
        f"{path.relative_to(ROOT)}: {function.name}"
        for path in sources("workers", "saga")
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef) and any(map(wanted, ast.walk(function)))
    }


class TestFailpoints:
    def test_each_have_a_test_that_kills_there(self):
        assert set(points()) == FAILPOINT_CASES.keys() | WAIT_FAILPOINTS

    def test_follow_every_transaction_of_workers_and_sagas(self):
        opening = functions_with(opens_a_transaction)
        without = {*WITHOUT_FAILPOINT}.union(*OF_AREAS.values())
        assert opening - functions_with(is_a_point) - without == set()
        assert without - opening == set()

    def test_are_left_out_by_an_area_in_its_own_files_only(self):
        foreign = [each for area, found in OF_AREAS.items() for each in found if area not in re.split(r"[/.]", each)]
        assert foreign == []
