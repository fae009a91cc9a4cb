"""Verified mail addresses, links in mails, mails about accounts, and counters of attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

USER = "nullif(current_setting('orderx.user_id', true), '')::uuid"
PRESENTED = "decode(nullif(current_setting('orderx.token', true), ''), 'hex')"


def upgrade() -> None:
    op.add_column("users", sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True))
    _unhindered("UPDATE users SET verified_at = created_at")  # existing users have been trusted so far
    _loosen_mails()
    op.create_table(
        "links",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("purpose IN ('verify_email', 'reset_password')", name=op.f("links_purpose_check")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("links_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("hash", name=op.f("links_pkey")),
    )
    op.create_index(op.f("links_user_id_idx"), "links", ["user_id"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("attempts_pkey")),
    )
    for table, owned in (("links", f"user_id = {USER}"), ("attempts", "true")):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY operator ON {table} TO orderx_operator USING (true) WITH CHECK (true)")
        op.execute(f"GRANT SELECT, DELETE ON {table} TO orderx_operator")
        op.execute(f"CREATE POLICY own ON {table} TO orderx_app USING ({owned})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO orderx_app")
    op.execute(f"CREATE POLICY presented ON links FOR SELECT TO orderx_app USING (hash = {PRESENTED})")


def _loosen_mails() -> None:
    op.alter_column("mails", "company_id", nullable=True)
    op.alter_column("mails", "order_id", nullable=True)
    op.add_column("mails", sa.Column("user_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("mails_user_id_fkey"), "mails", "users", ["user_id"], ["id"], ondelete="CASCADE")
    op.create_index(op.f("mails_user_id_idx"), "mails", ["user_id"], unique=False)
    op.create_check_constraint(op.f("mails_one_owner_check"), "mails", "num_nonnulls(company_id, user_id) = 1")
    op.create_check_constraint(op.f("mails_order_check"), "mails", "order_id IS NULL OR company_id IS NOT NULL")
    mine = f"company_id IS NULL AND user_id = {USER}"
    op.execute(f"CREATE POLICY own ON mails TO orderx_app USING ({mine}) WITH CHECK ({mine})")


def _unhindered(statement: str) -> None:
    """Past row-level security, which binds the schema's owner, too, where that is no superuser."""
    table = statement.split()[1 if statement.startswith("UPDATE") else 2]
    op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(statement)
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.execute("DROP POLICY own ON mails")
    _unhindered("DELETE FROM mails WHERE company_id IS NULL")
    op.drop_constraint(op.f("mails_order_check"), "mails", type_="check")
    op.drop_constraint(op.f("mails_one_owner_check"), "mails", type_="check")
    op.drop_index(op.f("mails_user_id_idx"), table_name="mails")
    op.drop_constraint(op.f("mails_user_id_fkey"), "mails", type_="foreignkey")
    op.drop_column("mails", "user_id")
    op.alter_column("mails", "order_id", nullable=False)
    op.alter_column("mails", "company_id", nullable=False)
    op.drop_table("attempts")
    op.drop_table("links")
    op.drop_column("users", "verified_at")
