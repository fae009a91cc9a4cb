"""One request or step is one transaction; only kit/db begins and ends transactions."""

import ast
import re

from tests.guards.source_tree import ROOT, sources, tree

# Without arguments these are a session's or a connection's; the domain's own verbs (inventory.commit) take some.
ENDINGS = {"commit", "rollback", "begin", "begin_nested"}
STATEMENTS = re.compile(r"\s*(BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b")
MAY_END = {
    "kit/db/__init__.py": "it opens transactions",
    "kit/db/savepoints.py": "it undoes a part of a transaction",
    "kit/db/unit_of_work.py": "it commits and rolls them back",
    "kit/tenancy.py": "it sets the tenant in the statement that begins",
    "ops/sandbox/ledger.py": "the stand-in provider keeps its books in SQLite",
}
MAY_CONNECT = {
    "kit/db/__init__.py": "it takes the connections of transactions from the pools",
    "kit/db/engines.py": "it creates the pools",
    "kit/db/durability.py": "it asks any login for the server's settings, before there is a pool",
    "kit/db/watchdog.py": "it asks about a server that does not answer those connections",
    "kit/messaging/pg_notify.py": "it listens for as long as the process runs",
    "migrations/env.py": "migrations run as the owner, in transactions that Alembic ends",
    "migrations/run.py": "it holds a lock over all migrations, and creates logins",
    "ops/chaos/final_state.py": "it judges a stack from outside, as the owner",
    "ops/chaos/recovery.py": "it judges a stack from outside, as the owner",
    "ops/chaos/run.py": "it judges a stack from outside, as the owner",
    "ops/chaos/wait_results.py": "it judges a stack from outside, as the owner",
    "ops/sandbox/ledger.py": "the stand-in provider keeps its books in SQLite",
    "ops/services/postgres.py": "it starts servers and creates databases",
    "ops/services/postgres_standby.py": "it starts and promotes standbys",
}
REQUESTS_SESSIONS = {"ops/demo.py", "ops/chaos/customers.py", "ops/services/readiness.py"}
# Of other libraries: signals of Celery, and connections to the broker.
CONNECTS_OTHERWISE = {
    "workers/run.py", "workers/outbox/publisher.py", "workers/alerts/monitor.py", "workers/celery_internals/logging.py",
    "kit/http/client.py",
}  # fmt: skip


def endings(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and not node.args and not node.keywords:
            found = isinstance(node.func, ast.Attribute) and node.func.attr in ENDINGS
        else:
            text = node.value if isinstance(node, ast.Constant) else None
            found = isinstance(text, str) and STATEMENTS.match(text)
        if found:
            yield node.lineno


def calls(path, *names):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
            if name in names:
                yield node.lineno


def with_any(found):
    return {f"{path.relative_to(ROOT)}" for path in sources() if any(found(path))}


class TestTransactions:
    def test_begin_and_end_in_one_place(self):
        assert with_any(endings) == MAY_END.keys()

    def test_have_sessions_from_one_place(self):
        opening = with_any(lambda path: calls(path, "Session", "sessionmaker", "scoped_session"))
        assert opening - REQUESTS_SESSIONS == {"kit/db/unit_of_work.py"}

    def test_are_opened_neither_by_the_domain_nor_by_steps(self):
        paths = [*sources("domain"), *sources("saga/steps")]
        assert [path.relative_to(ROOT) for path in paths if "transaction(" in path.read_text()] == []

    def test_are_the_only_way_to_the_database(self):
        connecting = with_any(lambda path: calls(path, "connect", "create_engine", "ConnectionPool"))
        assert connecting - CONNECTS_OTHERWISE == MAY_CONNECT.keys()

    def test_write_the_outbox_by_statements_in_one_place(self):
        insert = re.compile(r"INSERT\s+INTO\s+outbox\b|insert\(Outbox\)|\bOutbox\(\w")
        found = {f"{path.relative_to(ROOT)}" for path in sources() if insert.search(path.read_text())}
        assert found == {"kit/messaging/outbox.py"}

    def test_dropped_pools_are_closed_first_in_tests(self):
        """What a pool leaves open warns when it is collected, in some later test."""
        dropping = re.compile(r"(app|operator|probe)_engine\.cache_clear")
        assert [path for path in (ROOT / "tests").rglob("*.py") if dropping.search(path.read_text())] == []
