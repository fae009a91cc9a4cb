"""The inbox takes events that belong to no company: consumers process them as the user that they are about."""

from alembic import op

revision = "20261129_inbox_of_users"
down_revision = "20261129_saga_waits"
branch_labels = None
depends_on = None

A_USER = """company_id IS NULL
    AND nullif(current_setting('orderx.user_id', true), '') IS NOT NULL
    AND nullif(current_setting('orderx.company_id', true), '') IS NULL"""


def upgrade() -> None:
    op.execute(f"CREATE POLICY global ON inbox TO orderx_app USING ({A_USER}) WITH CHECK ({A_USER})")


def downgrade() -> None:
    op.execute("DROP POLICY global ON inbox")
