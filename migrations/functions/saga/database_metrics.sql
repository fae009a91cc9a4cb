-- Counts over all companies for /metrics, without access to their rows.
CREATE OR REPLACE FUNCTION public.database_metrics() RETURNS TABLE (metric text, label text, value double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT 'sagas', state, count(*)::float FROM public.sagas WHERE ended_at IS NULL GROUP BY state
    UNION ALL SELECT 'open_incidents', step, count(*)::float FROM public.incidents
        WHERE resolved_at IS NULL GROUP BY step
    UNION ALL SELECT 'open_alerts', kind, count(*)::float FROM public.alerts WHERE closed_at IS NULL GROUP BY kind
    UNION ALL SELECT 'outbox', '', coalesce(extract(epoch FROM now() - min(available_at)), 0)::float
        FROM public.outbox WHERE available_at <= now()
    UNION ALL SELECT 'schedule_delay_seconds', name,
        greatest(extract(epoch FROM now() - coalesce(run_due_at, next_run_at)), 0)::float FROM public.schedules
    UNION ALL SELECT 'schedule_failures', name, failures::float FROM public.schedules
$$;

ALTER FUNCTION public.database_metrics() OWNER TO orderx_definer;
REVOKE EXECUTE ON FUNCTION public.database_metrics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.database_metrics() TO orderx_app, orderx_operator;
