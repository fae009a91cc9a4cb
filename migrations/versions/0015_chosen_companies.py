"""The company that a user's logins act for by default, which only the user changes."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# So far, logins acted by default for the company of users who belong to one company only.
THE_ONLY_ONE = """
    UPDATE users SET chosen_company_id = member.company_id
    FROM (
        SELECT user_id, (array_agg(company_id))[1] AS company_id FROM memberships WHERE company_id IS NOT NULL
        GROUP BY user_id HAVING count(DISTINCT company_id) = 1
    ) AS member
    WHERE users.id = member.user_id"""


def upgrade() -> None:
    op.add_column("users", sa.Column("chosen_company_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("users_chosen_company_id_fkey"), "users", "companies", ["chosen_company_id"], ["id"], ondelete="SET NULL"
    )
    # The owner of the schema is subject to row-level security, too, unless a superuser.
    for table in ("users", "memberships"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(THE_ONLY_ONE)
    for table in ("users", "memberships"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_column("users", "chosen_company_id")
