"""The clock is read at the edges only; everything below is given the time."""

import ast

from tests.guards.source_tree import ROOT, sources, tree

READERS = {
    "kit/jobs/slices.py": "a slice of a job opens its transaction, like a step",
    "domain/notifications/rendering.py": "the Date header is when the message is made",
    "saga/deliveries/lease_renewal.py": "a lease is compared with the clock while calls are under way",
    "saga/deliveries/mail_delivery.py": "mails are recorded while others are still being delivered",
    "saga/engine/journal.py": "it opens the transaction of a step, whose time is the step's `now`",
    "saga/engine/faults.py": "it opens the transaction that records a fault",
    "saga/reconciliation/payments.py": "each correction follows a call to the provider",
}
"""Files of kit, domain and saga that read the clock, and why."""


def reads_the_clock(path) -> bool:
    return any(
        isinstance(node, ast.Call) and ast.unparse(node.func) in {"clock.now", "datetime.now", "datetime.utcnow"}
        for node in ast.walk(tree(path))
    )


class TestClock:
    def test_is_read_at_the_edges_only(self):
        found = {f"{path.relative_to(ROOT)}" for path in sources("kit", "domain", "saga") if reads_the_clock(path)}
        assert found - READERS.keys() - {"kit/clock.py"} == set()
        assert READERS.keys() - found == set()
