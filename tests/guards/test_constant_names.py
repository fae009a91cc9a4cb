"""The name of an SQL statement begins with a verb; the name of a regular expression ends with `PATTERN`."""

import ast
import re
from collections.abc import Iterator

from migrations import functions
from tests.guards.source_tree import ROOT, tree
from tests.guards.test_vocabulary import files

READING_VERBS = frozenset({"CHECK", "COUNT", "FIND", "READ"})
"""First words of the names of statements that neither change nor lock anything."""
ACTING_VERBS = frozenset({
    "ADD", "ALLOW", "APPLY", "CANCEL", "CLAIM", "CLEAR", "CLOSE", "COMMIT", "CORRECT", "DELETE", "END", "ENQUEUE",
    "ERASE", "FINISH", "FORBID", "GRANT", "INSERT", "LOCK", "MARK", "OPEN", "POSTPONE", "PREPEND", "PUT", "RECORD",
    "REGISTER", "RELEASE", "RENEW", "REQUIRE", "RESERVE", "RETRY", "REVEAL", "REVOKE", "SAVE", "SCHEDULE", "SET",
    "SKIP", "START", "TAKE", "UPDATE", "WRITE",
})  # fmt: skip
"""First words of the names of all other statements."""
ACTS_OF_A_MODULE = frozenset({"COMMIT", "ERASE", "RELEASE", "RESERVE"})
"""Names of statements that need no object, because they are the act of their module."""
STATEMENT = r"\s*(/\*.*?\*/)?\s*(SELECT|INSERT|UPDATE|DELETE|WITH|SET|ALTER|GRANT|REVOKE|DO)\s"
ACT = r"\b(INSERT|UPDATE|DELETE|SET|ALTER|GRANT|REVOKE|SHARE|set_config|pg_\w+_lock)\b"
"""What makes a statement more than a query, apart from a call of a function of the database."""
READING_FUNCTIONS = frozenset({"database_metrics", "oldest_snapshot", "saga_history"})
"""Functions of the database that change nothing."""


class TestStatements:
    def test_begin_with_a_verb(self):
        verbs = READING_VERBS | ACTING_VERBS
        assert {f"{where}: {name}" for where, name, _ in named_statements() if verb_of(name) not in verbs} == set()

    def test_have_an_object(self):
        bare = (READING_VERBS | ACTING_VERBS) - ACTS_OF_A_MODULE
        assert {f"{where}: {name}" for where, name, _ in named_statements() if name.strip("_") in bare} == set()

    def test_tell_queries_from_acts(self):
        misleading = {
            f"{where}: {name}"
            for where, name, sql in named_statements()
            if is_query(sql) != (verb_of(name) in READING_VERBS)
        }
        assert misleading == set()

    def test_are_found(self):
        found = {(where, name): sql for where, name, sql in named_statements()}
        assert not is_query(found["domain/notifications/mail_queue.py", "_CLAIM_MAILS"])
        assert is_query(found["saga/checks/payments.py", "_READ_PAYMENTS"])
        assert ("bench/order_driver.py", "_FIND_PAID_ORDERS") in found


class TestPatterns:
    def test_end_with_that_word(self):
        compiled = {
            f"{path.relative_to(ROOT)}: {node.targets[0].id}"
            for path in files()
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "re.compile"
        }
        assert "domain/shops/opening_hours.py: _DATE_PATTERN" in compiled
        assert {name for name in compiled if not name.lower().endswith("pattern")} == set()


def named_statements() -> Iterator[tuple[str, str, str]]:
    """The modules' constants that are SQL statements: file, name and SQL. The values in an f-string are left out."""
    for path in files():
        for node in tree(path).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                sql = text_of(node.value)
                if re.match(STATEMENT, sql, re.DOTALL):
                    yield str(path.relative_to(ROOT)), node.targets[0].id, sql


def text_of(value: ast.expr) -> str:
    """The text of a string, an f-string, or of a call with one of them, such as `text("SELECT …")`; "" of all else."""
    if isinstance(value, ast.Call) and value.args:
        return text_of(value.args[0])
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    return "".join(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))


def verb_of(name: str) -> str:
    return name.strip("_").partition("_")[0]


def is_query(sql: str) -> bool:
    """Whether the statement neither changes nor locks anything, and calls no function of the database that does."""
    outside_of_strings = re.sub(r"'[^']*'", "''", sql)
    acts = functions.FILES.keys() - READING_FUNCTIONS
    return not re.search(ACT, outside_of_strings) and not any(f"{function}(" in sql for function in acts)
