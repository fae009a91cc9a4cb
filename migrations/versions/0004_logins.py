"""Logins as rows, and refresh tokens of which only the hash is stored. Ends all existing logins."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

USER = "nullif(current_setting('orderx.user_id', true), '')::uuid"
PRESENTED = "decode(nullif(current_setting('orderx.token', true), ''), 'hex')"


def upgrade() -> None:
    op.drop_table("refresh_tokens")
    op.create_table(
        "logins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("acts_for", sa.Uuid(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["acts_for"], ["companies.id"], name=op.f("logins_acts_for_fkey"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("logins_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("logins_pkey")),
    )
    op.create_index(op.f("logins_user_id_idx"), "logins", ["user_id"], unique=False)
    op.create_table(
        "refresh_tokens",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("replaces", sa.LargeBinary(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("login_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["login_id"], ["logins.id"], name=op.f("refresh_tokens_login_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("refresh_tokens_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("refresh_tokens_pkey")),
    )
    op.create_index(op.f("refresh_tokens_login_id_idx"), "refresh_tokens", ["login_id"], unique=False)
    op.create_index(op.f("refresh_tokens_replaces_idx"), "refresh_tokens", ["replaces"], unique=False)
    for table in ("logins", "refresh_tokens"):
        _wall(table)
        op.execute(f"GRANT DELETE ON {table} TO orderx_operator")
    op.execute(f"CREATE POLICY presented ON refresh_tokens FOR SELECT TO orderx_app USING (hash = {PRESENTED})")


def _wall(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY operator ON {table} TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute(f"GRANT SELECT ON {table} TO orderx_operator")
    op.execute(f"CREATE POLICY own ON {table} TO orderx_app USING (user_id = {USER})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO orderx_app")


def downgrade() -> None:
    op.drop_table("refresh_tokens")
    op.drop_table("logins")
    op.create_table(
        "refresh_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("refresh_tokens_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("refresh_tokens_pkey")),
    )
    op.create_index(op.f("refresh_tokens_family_id_idx"), "refresh_tokens", ["family_id"], unique=False)
    op.create_index(op.f("refresh_tokens_user_id_idx"), "refresh_tokens", ["user_id"], unique=False)
    op.execute("GRANT SELECT ON refresh_tokens TO orderx_operator")
    _wall("refresh_tokens")
