-- The transitions of a saga, numbered in the order in which they happened. A row of saga_events has one transition, or all
-- those of a transaction, each as [event, step, detail]. That the saga was started says its own row.
CREATE OR REPLACE FUNCTION public.saga_history(the_saga uuid) RETURNS TABLE (
    number bigint, step text, event text, detail jsonb, happened_at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT row_number() OVER (ORDER BY h.id, h.position), h.step, h.event, h.detail, h.happened_at
    FROM (
        SELECT 0::bigint AS id, 0::bigint AS position, NULL AS step, 'started' AS event, NULL::jsonb AS detail,
            s.started_at AS happened_at
        FROM public.sagas s WHERE s.id = the_saga
        UNION ALL
        SELECT e.id, 0, e.step, e.event, e.detail, e.happened_at
        FROM public.saga_events e WHERE e.saga_id = the_saga AND e.event <> 'started'
        UNION ALL
        SELECT e.id, t.position, t.transition->>1, t.transition->>0, nullif(t.transition->2, 'null'), e.happened_at
        FROM public.saga_events e
        CROSS JOIN LATERAL jsonb_array_elements(e.transitions) WITH ORDINALITY AS t (transition, position)
        WHERE e.saga_id = the_saga
    ) AS h
    ORDER BY 1
$$;
