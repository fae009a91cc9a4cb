"""The policies of row-level security beyond the two that every table of companies has, one `.sql` file per table.

`tenant_table()` makes those two: the app's role sees the rows of its company, and the operator's role all rows. Each
further policy lets a role see or write more. `orderx migrate` compares the files with the database after the last
migration, and replaces these policies of each table whose file differs. So a migration has none of them. The text of a
condition is PostgreSQL's own: the test that compares them prints it.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

FILES = {path.stem: path for path in sorted(Path(__file__).parent.rglob("*.sql"))}
"""By table."""

# PostgreSQL's own text of the conditions.
COMPANY = "(company_id = (NULLIF(current_setting('orderx.company_id'::text, true), ''::text))::uuid)"
STANDARD = {
    ("company", "PERMISSIVE", ("orderx_app",), "ALL", COMPANY, COMPANY),
    ("operator", "PERMISSIVE", ("orderx_operator",), "ALL", "true", "true"),
}
_READ_POLICIES = """
    SELECT tablename, policyname, permissive, roles::text[], cmd, qual, with_check
    FROM pg_policies WHERE schemaname = 'public' ORDER BY tablename, policyname"""


def replace(connection: psycopg.Connection) -> list[str]:
    """Replace the policies of each table whose file differs, in the current transaction. Returns these tables."""
    existing = render(connection)
    changed = [table for table, path in FILES.items() if existing.get(table) != path.read_text()]
    for table in changed:
        for name in _policy_names(connection, table):
            connection.execute(sql.SQL("DROP POLICY {} ON public.{}").format(*map(sql.Identifier, (name, table))))
        connection.execute(FILES[table].read_text())
    return changed


def render(connection: psycopg.Connection) -> dict[str, str]:
    """The text of the file of each table, as its policies are in the database; tables without further ones have none."""
    statements: dict[str, list[str]] = defaultdict(list)
    for policy in _further_policies(connection):
        statements[policy[0]].append(_statement(policy))
    return {table: "\n".join(each) for table, each in statements.items()}


def _further_policies(connection: psycopg.Connection) -> list[Any]:
    rows = connection.execute(_READ_POLICIES).fetchall()
    return [row for row in rows if (row[1], row[2], tuple(row[3]), *row[4:]) not in STANDARD]


def _policy_names(connection: psycopg.Connection, table: str) -> list[str]:
    return [row[1] for row in _further_policies(connection) if row[0] == table]


def _statement(policy: Sequence[Any]) -> str:
    table, name, permissive, roles, command, using, check = policy
    kind = "" if permissive == "PERMISSIVE" else f" AS {permissive}"
    of = "" if command == "ALL" else f" FOR {command}"
    conditions = [("USING", using), ("WITH CHECK", check)]
    lines = [f"    {word} {text if text.startswith('(') else f'({text})'}" for word, text in conditions if text]
    return "\n".join([f"CREATE POLICY {name} ON public.{table}{kind}{of} TO {', '.join(roles)}", *lines]) + ";\n"
