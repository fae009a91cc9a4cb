"""Many sagas opened by one statement; their history, a dozen rows per order, with one index and no foreign key checks."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DROP FUNCTION open_saga")
    op.execute(OPEN_SAGAS)
    op.drop_constraint(op.f("saga_events_company_id_saga_id_fkey"), "saga_events")
    op.drop_constraint(op.f("saga_events_pkey"), "saga_events")
    op.drop_index(op.f("saga_events_saga_id_id_idx"), table_name="saga_events")
    op.create_primary_key(op.f("saga_events_pkey"), "saga_events", ["saga_id", "id"])


def downgrade() -> None:
    op.drop_constraint(op.f("saga_events_pkey"), "saga_events")
    op.create_primary_key(op.f("saga_events_pkey"), "saga_events", ["id"])
    op.create_index(op.f("saga_events_saga_id_id_idx"), "saga_events", ["saga_id", "id"], unique=False)
    op.create_foreign_key(
        op.f("saga_events_company_id_saga_id_fkey"), "saga_events", "sagas", ["company_id", "saga_id"],
        ["company_id", "id"], ondelete="CASCADE",
    )  # fmt: skip
    op.execute("DROP FUNCTION open_sagas")
    op.execute(OPEN_SAGA)


# The locks are taken by a separate statement, so that the next one sees all that the previous holders have committed.
OPEN_SAGAS = """
    CREATE FUNCTION open_sagas(the_sagas uuid[], the_company uuid) RETURNS TABLE (
        id uuid, name text, version int, subject_id uuid, state text, stage int, stop_requested jsonb, failure jsonb,
        due_at timestamptz, ended_at timestamptz,
        step text, step_stage int, step_state text, attempts int, undo_attempts int, outcome jsonb, error jsonb,
        retry_at timestamptz, begun_at timestamptz, answered_at timestamptz, undone_at timestamptz
    ) LANGUAGE plpgsql AS $$
    #variable_conflict use_column
    BEGIN
        PERFORM set_config('orderx.company_id', the_company::text, true), set_config('orderx.user_id', '', true);
        PERFORM 1 FROM sagas WHERE id = ANY(the_sagas) AND company_id = the_company ORDER BY id FOR UPDATE;
        RETURN QUERY
            SELECT s.id, s.name, s.version, s.subject_id, s.state, s.stage, s.stop_requested, s.failure, s.due_at,
                s.ended_at, t.step, t.stage, t.state, t.attempts, t.undo_attempts, t.outcome, t.error, t.retry_at,
                t.begun_at, t.answered_at, t.undone_at
            FROM sagas s JOIN saga_steps t ON t.saga_id = s.id
            WHERE s.id = ANY(the_sagas) AND s.company_id = the_company
            ORDER BY s.id, t.position;
    END $$"""

OPEN_SAGA = """
    CREATE FUNCTION open_saga(the_saga uuid, the_company uuid) RETURNS TABLE (
        name text, version int, subject_id uuid, state text, stage int, stop_requested jsonb, failure jsonb,
        due_at timestamptz, ended_at timestamptz, steps jsonb
    ) LANGUAGE plpgsql AS $$
    #variable_conflict use_column
    BEGIN
        PERFORM set_config('orderx.company_id', the_company::text, true), set_config('orderx.user_id', '', true);
        PERFORM 1 FROM sagas WHERE id = the_saga AND company_id = the_company FOR UPDATE;
        RETURN QUERY
            SELECT s.name, s.version, s.subject_id, s.state, s.stage, s.stop_requested, s.failure, s.due_at, s.ended_at,
                (
                    SELECT jsonb_agg(jsonb_build_object(
                        'step', t.step, 'stage', t.stage, 'state', t.state, 'attempts', t.attempts,
                        'undo_attempts', t.undo_attempts, 'outcome', t.outcome, 'error', t.error,
                        'retry_at', t.retry_at, 'begun_at', t.begun_at, 'answered_at', t.answered_at,
                        'undone_at', t.undone_at) ORDER BY t.position)
                    FROM saga_steps t WHERE t.saga_id = s.id
                )
            FROM sagas s WHERE s.id = the_saga AND s.company_id = the_company;
    END $$"""
