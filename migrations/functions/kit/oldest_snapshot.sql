-- The oldest transaction that prevents the removal of dead rows, among the sessions that the definer may see.
CREATE OR REPLACE FUNCTION public.oldest_snapshot() RETURNS TABLE (seconds double precision, pid int, role text, application text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT extract(epoch FROM now() - xact_start)::float, pid, usename::text, application_name
    FROM pg_stat_activity
    WHERE backend_xmin IS NOT NULL AND backend_type = 'client backend' AND pid <> pg_backend_pid()
        AND datname = current_database()
    ORDER BY xact_start LIMIT 1
$$;

ALTER FUNCTION public.oldest_snapshot() OWNER TO orderx_definer;
REVOKE EXECUTE ON FUNCTION public.oldest_snapshot() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.oldest_snapshot() TO orderx_operator;
