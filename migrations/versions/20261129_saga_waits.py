"""Sagas that wait for a signal: the state `waiting`, and the signals that came for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261129_saga_waits"
down_revision = "0028"
branch_labels = None
depends_on = None

COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"

SAGA_STATES = ("running", "finishing", "done", "compensating", "undone", "stuck")
STEP_STATES = ("pending", "running", "done", "failed", "undoing", "undone", "skipped")


def upgrade() -> None:
    _allow("sagas", (*SAGA_STATES, "waiting"))
    _allow("saga_steps", (*STEP_STATES, "waiting", "expired"))
    op.create_table(
        "saga_signals",
        sa.Column("saga_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("result IN ('accepted', 'conflicting', 'late')", name=op.f("saga_signals_result_check")),
        sa.PrimaryKeyConstraint("saga_id", "id", name=op.f("saga_signals_pkey")),
    )
    op.create_index(
        "saga_signals_accepted_idx",
        "saga_signals",
        ["saga_id", "signal"],
        unique=True,
        postgresql_where=sa.text("result = 'accepted'"),
    )
    op.execute("ALTER TABLE saga_signals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY company ON saga_signals TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
    op.execute("CREATE POLICY operator ON saga_signals TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT ON saga_signals TO orderx_app")
    op.execute("GRANT SELECT, DELETE ON saga_signals TO orderx_operator")


def downgrade() -> None:
    _allow("sagas", SAGA_STATES)
    _allow("saga_steps", STEP_STATES)
    op.drop_table("saga_signals")


def _allow(table: str, states: tuple[str, ...]) -> None:
    """Replace the constraint, and only then read the rows, without keeping others from writing them."""
    name = op.f(f"{table}_state_check")
    with op.get_context().autocommit_block():
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (state IN {states}) NOT VALID"
        )
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
