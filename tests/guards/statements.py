"""The SQL statements of the source, and the tables that each names."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from kit.db import Base
from migrations import tables
from tests.guards.source_tree import ROOT, module_of, sources, tree

PACKAGES = ("kit", "domain", "saga", "api", "workers", "ops")
FUNCTIONS = ROOT / "migrations/functions"

_NAMES_A_TABLE = re.compile(r"\b(FROM|JOIN|INTO|UPDATE|TABLE)\s+(?:ONLY\s+)?(?:public\.)?([a-z_]+)")
_QUALIFIED = re.compile(r"\bpublic\.([a-z_]+)")
"""How functions name tables (tests/guards/test_functions.py)."""
_LOOKS_LIKE_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|LOCK TABLE|JOIN|FROM)\s")
_PARAMETER = re.compile(r"%\(\w+\)s|%s|(?<![:\w]):[a-z]\w*")
_STATEMENT_BUILDERS = {
    "select", "insert", "update", "delete", "exists", "get", "get_one", "where", "join", "outerjoin", "select_from",
}  # fmt: skip

assert tables.metadata is Base.metadata, "all models are imported, so that all tables are known"
OWNERS: dict[str, str] = {mapper.local_table.name: mapper.class_.__module__ for mapper in Base.registry.mappers}
"""Table → the module of its model."""
CLASSES: dict[tuple[str, str], str] = {
    (mapper.class_.__module__, mapper.class_.__name__): mapper.local_table.name for mapper in Base.registry.mappers
}
"""(module, class) → table."""


def named_tables() -> Iterator[tuple[str, str]]:
    """Each (file, table): the file has a statement that names the table."""
    for path in sources(*PACKAGES):
        names = {*_in_strings(path), *_in_expressions(path)}
        yield from ((f"{path.relative_to(ROOT)}", name) for name in sorted(names))
    for path in sorted(FUNCTIONS.rglob("*.sql")):
        names = set(_QUALIFIED.findall(path.read_text())) & OWNERS.keys()
        yield from ((f"{path.relative_to(ROOT)}", name) for name in sorted(names))


@cache
def tables_of(sql: str) -> frozenset[str]:
    """The known tables that a statement or a part of one names. Names of CTEs are no tables."""
    text = _PARAMETER.sub("NULL", sql)
    for candidate in (text, f"SELECT {text}", f"SELECT * {text}"):
        try:
            parsed = [each for each in sqlglot.parse(candidate, read="postgres") if each is not None]
        except SqlglotError:
            continue
        if any(isinstance(each, exp.Command) for tree_ in parsed for each in tree_.walk()):
            continue  # sqlglot keeps what it does not know as text
        ctes = {cte.alias for each in parsed for cte in each.find_all(exp.CTE)}
        found = {table.name for each in parsed for table in each.find_all(exp.Table)} - ctes
        return frozenset(found & OWNERS.keys())
    return frozenset({match[2] for match in _NAMES_A_TABLE.finditer(sql)} & OWNERS.keys())


def _in_strings(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        text = _text(node)
        if text and _LOOKS_LIKE_SQL.search(text):
            yield from tables_of(text)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Retention":
            yield str(ast.literal_eval(node.args[0]))


def _text(node: ast.AST) -> str | None:
    """The text of a string, with NULL for what an f-string inserts: such parts are checked where they are written."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "NULL" for part in node.values)
    return None


def _in_expressions(path: Path) -> Iterator[str]:
    """Tables in SQLAlchemy's expressions: models that are arguments of select(), where() and the like."""
    models = {
        alias.asname or alias.name: CLASSES[node.module or "", alias.name]
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if (node.module or "", alias.name) in CLASSES
    }
    own = module_of(path)
    models |= {name: table for (module, name), table in CLASSES.items() if module == own}
    for call in ast.walk(tree(path)):
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in _STATEMENT_BUILDERS:
            named = (each for argument in call.args for each in ast.walk(argument) if isinstance(each, ast.Name))
            yield from (models[each.id] for each in named if each.id in models)
