"""A refresh token that is sent twice at once gets one successor. Ends the logins with several used successors."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLES = ("logins", "refresh_tokens")
FORKED = """
    UPDATE logins SET ended_at = now() WHERE ended_at IS NULL AND id IN (
        SELECT login_id FROM refresh_tokens WHERE replaces IS NOT NULL AND used_at IS NOT NULL
        GROUP BY login_id, replaces HAVING count(*) > 1)"""


def upgrade() -> None:
    op.add_column("refresh_tokens", sa.Column("salt", sa.LargeBinary(), nullable=True))
    # The owner of the schema is subject to row-level security, too, unless a superuser.
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(FORKED)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_column("refresh_tokens", "salt")
