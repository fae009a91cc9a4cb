"""No notification of the relay for mails and runs of schedules: it sends them once a second."""

from alembic import op

revision = "20261129_wake_for_orders"
down_revision = "20261129_saga_targets"
branch_labels = None
depends_on = None

FOR_ORDERS = """
    NEW.kind = 'chord' OR NEW.kind = 'task' AND NEW.body->>'task' NOT LIKE ALL ('{notifications.%,background.%}')"""
FOR_TASKS = "NEW.kind <> 'event'"


def upgrade() -> None:
    _wake_if(FOR_ORDERS)


def downgrade() -> None:
    _wake_if(FOR_TASKS)


def _wake_if(condition: str) -> None:
    op.execute(f"""
        CREATE OR REPLACE TRIGGER wake_relay AFTER INSERT ON outbox FOR EACH ROW WHEN ({condition})
        EXECUTE FUNCTION wake_relay()""")
