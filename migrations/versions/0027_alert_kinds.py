"""Rename alert kinds after what is wrong.

The old names stay allowed, for processes of the release before: it opens alerts under them until its last sweeper and
relay have stopped.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

RENAMED = {
    "outbox_ages": "outbox_overdue",
    "queue_ages": "queue_stalled",
    "snapshot_ages": "long_running_transaction",
}
BEFORE = ("incident_opened", "nothing_consumed", "outbox_ages", "queue_ages", "snapshot_ages", "worker_died")


def upgrade() -> None:
    _allow(*BEFORE, *RENAMED.values())
    for old, new in RENAMED.items():
        _rename(old, new)


def downgrade() -> None:
    # Row-level security is forced on the owner, too, unless a superuser.
    op.execute("ALTER TABLE alerts NO FORCE ROW LEVEL SECURITY")
    for old, new in RENAMED.items():
        _rename(new, old)
    op.execute("ALTER TABLE alerts FORCE ROW LEVEL SECURITY")
    _allow(*BEFORE)


def _rename(old: str, new: str) -> None:
    # At most one alert is open per kind and key: where both names have one, the one of the old name is closed.
    op.execute(
        sa.text(
            "UPDATE alerts SET closed_at = now() WHERE kind = :old AND closed_at IS NULL"
            " AND key IN (SELECT key FROM alerts WHERE kind = :new AND closed_at IS NULL)"
        ).bindparams(old=old, new=new)
    )
    op.execute(sa.text("UPDATE alerts SET kind = :new WHERE kind = :old").bindparams(old=old, new=new))


def _allow(*kinds: str) -> None:
    op.drop_constraint(op.f("alerts_kind_check"), "alerts")
    op.create_check_constraint(op.f("alerts_kind_check"), "alerts", f"kind IN {tuple(sorted(kinds))}")
