"""Which notifications users want, by channel and kind; an erased user is left with what everybody begins with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

DEFAULT = """'{"email": {"order_updates": true, "news": false}}'"""
BEFORE = "time_zone = NULL,"
AFTER = f"{BEFORE} notifications = DEFAULT,"


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column(
            "notifications", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text(DEFAULT), nullable=False
        ),
    )
    _reword_erase_person(BEFORE, AFTER)


def downgrade() -> None:
    _reword_erase_person(AFTER, BEFORE)
    op.drop_column("users", "notifications")


def _reword_erase_person(old: str, new: str) -> None:
    """Put other words into the function that 0006 made; all else of it stays, and who may call it."""
    connection = op.get_bind()
    made = connection.scalar(sa.text("SELECT pg_get_functiondef('erase_person(uuid)'::regprocedure)"))
    if made.count(old) != 1:
        raise LookupError(f"erase_person does not say {old!r}")
    connection.exec_driver_sql(made.replace(old, new))
