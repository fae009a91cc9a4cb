"""One row of history per transaction of a saga, with all of its transitions.

Rows with one transition stay as they are. Readers of the release before do not know the new rows: it needs a stop.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kit.db.engines import psycopg_connection
from migrations import functions, stop

revision = "20261129_saga_history"
down_revision = "20261129_hot_mails"
branch_labels = None
depends_on = None

CHECK = "saga_events_transitions_check"

# The statement reads the rows that it deletes as they were before.
EXPAND = """
    WITH joined AS (
        SELECT DISTINCT saga_id FROM saga_events WHERE transitions IS NOT NULL
    ), deleted AS (
        DELETE FROM saga_events WHERE saga_id IN (SELECT saga_id FROM joined)
    )
    INSERT INTO saga_events (saga_id, company_id, step, event, detail, happened_at)
    SELECT s.id, s.company_id, h.step, h.event, h.detail, h.happened_at
    FROM sagas s CROSS JOIN LATERAL saga_history(s.id) AS h
    WHERE s.id IN (SELECT saga_id FROM joined)
    ORDER BY s.id, h.number"""


def upgrade() -> None:
    stop.require()
    op.add_column("saga_events", sa.Column("transitions", postgresql.JSONB(), nullable=True))
    op.alter_column("saga_events", "event", existing_type=sa.Text(), nullable=True)
    op.execute(f"ALTER TABLE saga_events ADD CONSTRAINT {CHECK} CHECK (num_nonnulls(event, transitions) = 1) NOT VALID")
    op.execute(f"ALTER TABLE saga_events VALIDATE CONSTRAINT {CHECK}")
    functions.replace(psycopg_connection(op.get_bind()), "saga_history")


def downgrade() -> None:
    stop.require()
    for table in ("sagas", "saga_events"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(EXPAND)
    for table in ("sagas", "saga_events"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute("DROP FUNCTION saga_history(uuid)")
    op.drop_constraint(op.f(CHECK), "saga_events")
    op.drop_column("saga_events", "transitions")
    op.alter_column("saga_events", "event", existing_type=sa.Text(), nullable=False)
