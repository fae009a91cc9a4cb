-- Locks the sagas and reads them with their steps, in one round trip. The locks are taken by a separate statement, so that
-- the second one sees all that the previous lock holder has committed.
CREATE OR REPLACE FUNCTION public.lock_sagas(the_sagas uuid[], the_company uuid) RETURNS TABLE (
    id uuid, name text, version int, subject_id uuid, state text, stage int, stop_requested jsonb, failure jsonb,
    due_at timestamptz, ended_at timestamptz, traceparent text, context jsonb,
    step text, step_stage int, step_state text, attempts int, undo_attempts int, outcome jsonb, error jsonb,
    retry_at timestamptz, begun_at timestamptz, answered_at timestamptz, undone_at timestamptz
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('orderx.company_id', the_company::text, true), set_config('orderx.user_id', '', true);
    PERFORM 1 FROM public.sagas WHERE id = ANY(the_sagas) AND company_id = the_company ORDER BY id FOR UPDATE;
    RETURN QUERY
        SELECT s.id, s.name, s.version, s.subject_id, s.state, s.stage, s.stop_requested, s.failure, s.due_at,
            s.ended_at, s.traceparent, s.context, t.step, t.stage, t.state, t.attempts, t.undo_attempts, t.outcome, t.error, t.retry_at,
            t.begun_at, t.answered_at, t.undone_at
        FROM public.sagas s JOIN public.saga_steps t ON t.saga_id = s.id
        WHERE s.id = ANY(the_sagas) AND s.company_id = the_company
        ORDER BY s.id, t.position;
END $$;
