-- Records the definition of a saga's version, unless open sagas were started with another one. Returns the recorded
-- definition and, if it differs, the number of open sagas. The row lock serialises releases that record concurrently.
CREATE OR REPLACE FUNCTION public.record_saga_definition(
    the_name text, the_version int, the_fingerprint text, the_definition text
) RETURNS TABLE (fingerprint text, definition text, open_sagas bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO public.saga_definitions AS d (name, version, fingerprint, definition)
        VALUES (the_name, the_version, the_fingerprint, the_definition)
        ON CONFLICT (name, version) DO UPDATE
        SET fingerprint = excluded.fingerprint, definition = excluded.definition, recorded_at = now()
        WHERE d.fingerprint <> excluded.fingerprint AND NOT EXISTS (
            SELECT FROM public.sagas s
            WHERE s.name = the_name AND s.version = the_version AND s.ended_at IS NULL);
    RETURN QUERY
        SELECT d.fingerprint, d.definition, (
            SELECT count(*) FROM public.sagas s
            WHERE d.fingerprint <> the_fingerprint
                AND s.name = the_name AND s.version = the_version AND s.ended_at IS NULL)
        FROM public.saga_definitions d WHERE d.name = the_name AND d.version = the_version;
END $$;

ALTER FUNCTION public.record_saga_definition(text, int, text, text) OWNER TO orderx_definer;
REVOKE EXECUTE ON FUNCTION public.record_saga_definition(text, int, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.record_saga_definition(text, int, text, text) TO orderx_app;
