"""An index on the end of sagas, for scanning recent ones and pruning old ones."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ENDED = sa.text("ended_at IS NOT NULL")


def upgrade() -> None:
    op.create_index("sagas_ended_idx", "sagas", ["ended_at", "id"], unique=False, postgresql_where=_ENDED)


def downgrade() -> None:
    op.drop_index("sagas_ended_idx", table_name="sagas", postgresql_where=_ENDED)
