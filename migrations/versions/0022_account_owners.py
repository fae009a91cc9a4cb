"""The owner of an account deletes what others left in it; operators' actions on accounts are recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

ACTIONS = "operator_actions"
USER = "nullif(current_setting('orderx.user_id', true), '')::uuid"
NO_COMPANY = "nullif(current_setting('orderx.company_id', true), '') IS NULL"


def upgrade() -> None:
    op.execute("GRANT DELETE ON logins, api_keys TO orderx_app")
    # Only without a company: members who act for a company see its keys, but not their own at other companies.
    for act in ("SELECT", "DELETE"):
        whose = f"{NO_COMPANY} AND made_by = {USER}"
        op.execute(f"CREATE POLICY own_{act.lower()} ON api_keys FOR {act} TO orderx_app USING ({whose})")
    op.create_table(
        ACTIONS,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("operator_actions_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("operator_actions_pkey")),
    )
    op.create_index(op.f("operator_actions_user_id_idx"), ACTIONS, ["user_id"], unique=False)
    op.execute(f"ALTER TABLE {ACTIONS} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY operator ON {ACTIONS} FOR SELECT TO orderx_operator USING (true)")
    op.execute(f"GRANT SELECT ON {ACTIONS} TO orderx_operator")
    op.execute(f"CREATE POLICY own ON {ACTIONS} TO orderx_app USING (user_id = {USER}) WITH CHECK (user_id = {USER})")
    op.execute(f"GRANT SELECT, INSERT ON {ACTIONS} TO orderx_app")


def downgrade() -> None:
    op.drop_table(ACTIONS)
    for act in ("select", "delete"):
        op.execute(f"DROP POLICY own_{act} ON api_keys")
    op.execute("REVOKE DELETE ON logins, api_keys FROM orderx_app")
