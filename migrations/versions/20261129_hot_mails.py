"""Fewer index entries per order: mails and payments are updated in place, and tags have one entry each.

A mail has a time for its retry only once its first attempt has failed or is lost; workers of the release before wrote
`due_at` for each mail. So it needs a stop.
"""

import sqlalchemy as sa
from alembic import op

from migrations import stop

revision = "20261129_hot_mails"
down_revision = "20261129_usage_counts"
branch_labels = None
depends_on = None

UNSENT = sa.text("status IN ('queued', 'sending')")
A_MINUTE_LATER = sa.text("now() + interval '60 seconds'")


def upgrade() -> None:
    stop.require()
    op.add_column("mails", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("ALTER TABLE mails NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE mails SET retry_at = due_at WHERE status IN ('queued', 'sending')")
    op.execute("ALTER TABLE mails FORCE ROW LEVEL SECURITY")
    op.create_index("mails_retry_idx", "mails", ["retry_at"], postgresql_where=sa.text("retry_at IS NOT NULL"))
    op.drop_column("mails", "due_at")  # with its index
    op.execute("ALTER TABLE mails SET (fillfactor = 55)")
    op.drop_constraint(op.f("payments_provider_ref_key"), "payments")
    _index_tags("jsonb_path_ops")


def downgrade() -> None:
    stop.require()
    op.add_column(
        "mails", sa.Column("due_at", sa.DateTime(timezone=True), server_default=A_MINUTE_LATER, nullable=False)
    )
    op.create_index("mails_unsent_idx", "mails", ["due_at"], postgresql_where=UNSENT)
    op.drop_column("mails", "retry_at")
    op.execute("ALTER TABLE mails RESET (fillfactor)")
    op.create_unique_constraint(op.f("payments_provider_ref_key"), "payments", ["provider_ref"])
    _index_tags("jsonb_ops")


def _index_tags(operators: str) -> None:
    op.drop_index(op.f("sagas_tags_idx"), "sagas")
    op.create_index(
        op.f("sagas_tags_idx"), "sagas", ["tags"], postgresql_using="gin", postgresql_ops={"tags": operators}
    )
