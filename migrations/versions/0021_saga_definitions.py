"""The definitions that open sagas were started with, so that a changed one under the same version is refused."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

DEFINER = "orderx_definer"


def upgrade() -> None:
    op.create_table(
        "saga_definitions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("saga_definitions_pkey")),
    )
    op.execute("ALTER TABLE saga_definitions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY operator ON saga_definitions FOR SELECT TO orderx_operator USING (true)")
    op.execute("GRANT SELECT ON saga_definitions TO orderx_operator")
    op.execute(f"CREATE POLICY recorded ON saga_definitions TO {DEFINER} USING (true) WITH CHECK (true)")
    op.execute(f"""
        GRANT SELECT (name, version, fingerprint, definition), INSERT (name, version, fingerprint, definition),
            UPDATE (fingerprint, definition, recorded_at) ON saga_definitions TO {DEFINER}""")
    op.execute(f"GRANT SELECT (name, version) ON sagas TO {DEFINER}")


def downgrade() -> None:
    op.execute("DROP FUNCTION record_saga_definition(text, int, text, text)")
    op.execute("REVOKE SELECT (name, version) ON sagas FROM orderx_definer")
    op.drop_table("saga_definitions")
