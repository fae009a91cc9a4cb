"""Where a saga comes from, for the events that its steps publish.

Workers of a release before this one read another result of `lock_sagas`: it belongs to the release with a stop (see
20261129_plain_names).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261129_saga_origins"
down_revision = "20261129_card_fingerprints"
branch_labels = None
depends_on = None

_DROP = "DROP FUNCTION lock_sagas(uuid[], uuid)"  # its result gets other columns; it is created again at the end
_PREVIOUS = """
CREATE OR REPLACE FUNCTION public.lock_sagas(the_sagas uuid[], the_company uuid) RETURNS TABLE (
    id uuid, name text, version int, subject_id uuid, state text, stage int, stop_requested jsonb, failure jsonb,
    due_at timestamptz, ended_at timestamptz,
    step text, step_stage int, step_state text, attempts int, undo_attempts int, outcome jsonb, error jsonb,
    retry_at timestamptz, begun_at timestamptz, answered_at timestamptz, undone_at timestamptz
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('orderx.company_id', the_company::text, true), set_config('orderx.user_id', '', true);
    PERFORM 1 FROM public.sagas WHERE id = ANY(the_sagas) AND company_id = the_company ORDER BY id FOR UPDATE;
    RETURN QUERY
        SELECT s.id, s.name, s.version, s.subject_id, s.state, s.stage, s.stop_requested, s.failure, s.due_at,
            s.ended_at, t.step, t.stage, t.state, t.attempts, t.undo_attempts, t.outcome, t.error, t.retry_at,
            t.begun_at, t.answered_at, t.undone_at
        FROM public.sagas s JOIN public.saga_steps t ON t.saga_id = s.id
        WHERE s.id = ANY(the_sagas) AND s.company_id = the_company
        ORDER BY s.id, t.position;
END $$;"""


def upgrade() -> None:
    op.add_column("sagas", sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("queued_sagas", sa.Column("traceparent", sa.Text(), nullable=True))
    op.add_column("queued_sagas", sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.execute(_DROP)


def downgrade() -> None:
    op.execute(_DROP)
    op.drop_column("queued_sagas", "context")
    op.drop_column("queued_sagas", "traceparent")
    op.drop_column("sagas", "context")
    op.execute(_PREVIOUS)
