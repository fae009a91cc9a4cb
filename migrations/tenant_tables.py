"""Create a table whose rows belong to companies."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import SchemaItem

COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"
"""The condition of row-level security: the row belongs to the company that the transaction acts for."""


def tenant_table(
    name: str, *columns: SchemaItem, app: str, operator: str, indexes: Sequence[Sequence[str]] = ()
) -> None:
    """Create a table with `company_id` after its first column, row-level security, and both roles' privileges.

    `columns` may include constraints. `app` and `operator` are what the roles may do: `SELECT, INSERT`. The app's role
    sees and writes the rows of one company, the operator's those of all companies. `indexes` are lists of columns.
    """
    first, *others = columns
    op.create_table(name, first, sa.Column("company_id", sa.Uuid(), nullable=False), *others)
    for index in indexes:
        op.create_index(op.f(f"{name}_{'_'.join(index)}_idx"), name, list(index))
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY company ON {name} TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
    op.execute(f"CREATE POLICY operator ON {name} TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute(f"GRANT {app} ON {name} TO orderx_app")
    op.execute(f"GRANT {operator} ON {name} TO orderx_operator")
