"""Fewer writes per order: no index changes while a saga runs, and no notification of the relay for events alone."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OPEN, ENDED = "ended_at IS NULL", "(ended_at IS NULL) = (state NOT IN ('done', 'undone'))"
LIVE, STUCK = "state IN ('running', 'compensating', 'finishing')", "state = 'stuck'"
OF_A_USER = sa.text("user_id IS NOT NULL")

# Events are sent with the next task, or found by the relay's poll within half a second.
CALL_FOR_TASKS = """
    CREATE TRIGGER wake_relay AFTER INSERT ON outbox FOR EACH ROW WHEN (NEW.kind <> 'event')
    EXECUTE FUNCTION wake_relay()"""
CALL_FOR_ALL = "CREATE TRIGGER wake_relay AFTER INSERT ON outbox EXECUTE FUNCTION wake_relay()"


def upgrade() -> None:
    op.drop_index("sagas_live_idx", "sagas")
    op.drop_index("sagas_stuck_idx", "sagas")
    op.create_index("sagas_open_idx", "sagas", ["id"], postgresql_where=sa.text(OPEN))
    op.create_check_constraint(op.f("sagas_ended_check"), "sagas", ENDED)
    op.create_unique_constraint(op.f("sagas_subject_id_name_key"), "sagas", ["subject_id", "name"])
    op.drop_constraint(op.f("sagas_name_subject_id_key"), "sagas")
    op.drop_index(op.f("sagas_subject_id_idx"), "sagas")
    op.drop_index(op.f("mails_user_id_idx"), "mails")
    op.create_index("mails_of_a_user_idx", "mails", ["user_id"], postgresql_where=OF_A_USER)
    op.execute("DROP TRIGGER wake_relay ON outbox")
    op.execute(CALL_FOR_TASKS)


def downgrade() -> None:
    op.execute("DROP TRIGGER wake_relay ON outbox")
    op.execute(CALL_FOR_ALL)
    op.drop_index("mails_of_a_user_idx", "mails")
    op.create_index(op.f("mails_user_id_idx"), "mails", ["user_id"])
    op.create_index(op.f("sagas_subject_id_idx"), "sagas", ["subject_id"])
    op.create_unique_constraint(op.f("sagas_name_subject_id_key"), "sagas", ["name", "subject_id"])
    op.drop_constraint(op.f("sagas_subject_id_name_key"), "sagas")
    op.drop_constraint(op.f("sagas_ended_check"), "sagas")
    op.drop_index("sagas_open_idx", "sagas")
    op.create_index("sagas_stuck_idx", "sagas", ["id"], postgresql_where=sa.text(STUCK))
    op.create_index("sagas_live_idx", "sagas", ["id"], postgresql_where=sa.text(LIVE))
