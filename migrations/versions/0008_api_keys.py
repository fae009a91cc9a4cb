"""API keys, of which only hashes are stored."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"
PRESENTED = "decode(nullif(current_setting('orderx.token', true), ''), 'hex')"


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("permissions", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("api_keys_company_id_fkey")),
        sa.ForeignKeyConstraint(
            ["company_id", "shop_id"], ["shops.company_id", "shops.id"], name=op.f("api_keys_company_id_shop_id_fkey")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("api_keys_made_by_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("hash", name=op.f("api_keys_hash_key")),
    )
    op.create_index(op.f("api_keys_company_id_id_idx"), "api_keys", ["company_id", "id"], unique=False)
    op.execute("ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY company ON api_keys TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
    op.execute(f"CREATE POLICY presented ON api_keys FOR SELECT TO orderx_app USING (hash = {PRESENTED})")
    # A key's permissions cannot be changed.
    op.execute("GRANT SELECT, INSERT, UPDATE (used_at, revoked_at) ON api_keys TO orderx_app")


def downgrade() -> None:
    op.drop_table("api_keys")
