"""One request or step is one transaction; only kit/db begins and ends transactions."""

import ast
import re

from tests.guards.source_tree import ROOT, sources, tree

# Without arguments these are a session's or a connection's; the domain's own verbs (inventory.commit) take some.
ENDINGS = {"commit", "rollback", "begin", "begin_nested"}
ALLOWED = {
    "kit/db/__init__.py": "it opens transactions",
    "kit/db/unit_of_work.py": "it commits and rolls them back",
    "ops/sandbox/ledger.py": "the stand-in provider keeps its books in SQLite",
}


def endings(path):
    for node in ast.walk(tree(path)):
        bare_call = isinstance(node, ast.Call) and not node.args and not node.keywords
        if bare_call and isinstance(node.func, ast.Attribute) and node.func.attr in ENDINGS:
            yield node.lineno


class TestTransactions:
    def test_begin_and_end_in_one_place(self):
        found = {f"{path.relative_to(ROOT)}" for path in sources() for _ in endings(path)}
        assert found - ALLOWED.keys() == set()
        assert "kit/db/unit_of_work.py" in found

    def test_are_opened_neither_by_the_domain_nor_by_steps(self):
        paths = [*sources("domain"), *sources("saga/steps")]
        assert [path.relative_to(ROOT) for path in paths if "transaction(" in path.read_text()] == []

    def test_are_the_only_way_to_the_database(self):
        engines = {f"{path.relative_to(ROOT)}" for path in sources() if "create_engine(" in path.read_text()}
        assert engines == {"kit/db/engines.py", "migrations/env.py"}

    def test_dropped_pools_are_closed_first_in_tests(self):
        """What a pool leaves open warns when it is collected, in some later test."""
        dropping = re.compile(r"(app|operator|probe)_engine\.cache_clear")
        assert [path for path in (ROOT / "tests").rglob("*.py") if dropping.search(path.read_text())] == []
