-- Creates the partitions of kept events for the coming days, and drops those whose events are no longer kept. Event ids
-- are UUIDv7, so a range of ids is a range of time. Gives up rather than make those who publish events wait for a lock.
CREATE OR REPLACE FUNCTION public.rotate_event_partitions() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    kept_days CONSTANT int := 30;
    days_ahead CONSTANT int := 7;
    today CONSTANT date := (now() AT TIME ZONE 'UTC')::date;
    day date;
    partition text;
    first_id uuid;
    end_id uuid;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('rotate_event_partitions')) THEN
        RETURN;
    END IF;
    PERFORM set_config('lock_timeout', '250ms', true);
    FOR days IN -1 .. days_ahead LOOP
        day := today + days;
        partition := 'day_' || to_char(day, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('event_partitions.' || partition) IS NOT NULL;
        SELECT (lpad(to_hex((extract(epoch FROM day) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid,
            (lpad(to_hex((extract(epoch FROM day + 1) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
        INTO first_id, end_id;
        -- Attached, and not created as a partition: that would lock the table. The default partition has rows of the
        -- day only if nobody has called this function for a week.
        LOCK TABLE event_partitions.other IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('CREATE TABLE event_partitions.%I (LIKE public.events INCLUDING ALL)', partition);
        EXECUTE format(
            'WITH moved AS (DELETE FROM event_partitions.other WHERE id >= %L AND id < %L RETURNING *)
            INSERT INTO event_partitions.%I SELECT * FROM moved', first_id, end_id, partition);
        EXECUTE format(
            'ALTER TABLE public.events ATTACH PARTITION event_partitions.%I FOR VALUES FROM (%L) TO (%L)',
            partition, first_id, end_id);
    END LOOP;
    FOR partition IN
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'public.events'::regclass AND relname LIKE 'day\_%'
            AND relname < 'day_' || to_char(today - kept_days, 'YYYYMMDD')
        ORDER BY relname
    LOOP
        EXECUTE format('DROP TABLE event_partitions.%I', partition);
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    RAISE LOG 'the partitions of events are in use; they are rotated at the next call';
END $$;

-- A new table belongs to the role that migrates, and a restored one to the role that restores it.
DO $$
DECLARE
    relation regclass;
BEGIN
    ALTER SCHEMA event_partitions OWNER TO orderx_events_owner;
    FOR relation IN
        SELECT oid FROM pg_class
        WHERE relkind IN ('r', 'p') AND relowner <> 'orderx_events_owner'::regrole
            AND (relnamespace = 'event_partitions'::regnamespace OR oid = 'public.events'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO orderx_events_owner', relation);
    END LOOP;
END $$;

ALTER FUNCTION public.rotate_event_partitions() OWNER TO orderx_events_owner;
REVOKE EXECUTE ON FUNCTION public.rotate_event_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.rotate_event_partitions() TO orderx_operator;
