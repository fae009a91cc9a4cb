"""Second factors, encrypted, and recovery codes, of which only hashes are stored."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

USER = "nullif(current_setting('orderx.user_id', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "second_factors",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("second_factors_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("second_factors_pkey")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("recovery_codes_user_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("recovery_codes_pkey")),
    )
    op.create_index(op.f("recovery_codes_user_id_idx"), "recovery_codes", ["user_id"], unique=False)
    for table in ("second_factors", "recovery_codes"):  # not for the operator, who need not see them
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own ON {table} TO orderx_app USING (user_id = {USER})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO orderx_app")


def downgrade() -> None:
    op.drop_table("recovery_codes")
    op.drop_table("second_factors")
