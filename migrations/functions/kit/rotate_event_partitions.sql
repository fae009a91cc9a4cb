-- Creates the partitions of kept events for the coming days, and deletes the events that are no longer kept. Event ids
-- are UUIDv7, so a range of ids is a range of time. Gives up rather than make those who publish events wait for a lock.
--
-- Attaching a partition reads the whole default partition while that is locked, unless it is empty or a valid constraint
-- says that it has no event of the day. So while it has events, three calls create a partition: the first adds the
-- constraint without reading, the second reads and locks nobody out, the third attaches and drops the constraint. Each
-- in a separate transaction, because locks are held until the end.
CREATE OR REPLACE FUNCTION public.rotate_event_partitions() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    kept_days CONSTANT int := 30;
    days_ahead CONSTANT int := 7;
    -- Until the third call, an event of such a day would be refused. Nobody publishes one yet.
    min_days_with_constraint CONSTANT int := 2;
    max_deleted CONSTANT int := 20000;
    today CONSTANT date := (now() AT TIME ZONE 'UTC')::date;
    day date;
    partition text;
    first_id uuid;
    end_id uuid;
    changes text;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('rotate_event_partitions')) THEN
        RETURN;
    END IF;
    PERFORM set_config('lock_timeout', '250ms', true);
    -- First, while no lock keeps others away.
    end_id := lpad(to_hex((extract(epoch FROM today - kept_days) * 1000)::bigint), 12, '0') || repeat('0', 20);
    DELETE FROM event_partitions.other WHERE id IN (
        SELECT id FROM event_partitions.other WHERE id < end_id ORDER BY id LIMIT max_deleted);
    BEGIN
        -- Left over from calls that were interrupted a day ago.
        SELECT string_agg(format('DROP CONSTRAINT %I', conname), ', ') INTO changes FROM pg_constraint
        WHERE conrelid = 'event_partitions.other'::regclass AND conname LIKE 'not\_day\_%'
            AND conname < 'not_day_' || to_char(today + min_days_with_constraint, 'YYYYMMDD');
        IF changes IS NOT NULL THEN
            EXECUTE 'ALTER TABLE event_partitions.other ' || changes;
        END IF;
        SELECT string_agg(format('VALIDATE CONSTRAINT %I', conname), ', ') INTO changes FROM pg_constraint
        WHERE conrelid = 'event_partitions.other'::regclass AND conname LIKE 'not\_day\_%' AND NOT convalidated;
        IF changes IS NOT NULL THEN
            EXECUTE 'ALTER TABLE event_partitions.other ' || changes;
        END IF;
        FOR days IN -1 .. days_ahead LOOP
            EXIT WHEN changes IS NOT NULL; -- in the next transaction
            day := today + days;
            partition := 'day_' || to_char(day, 'YYYYMMDD');
            CONTINUE WHEN to_regclass('event_partitions.' || partition) IS NOT NULL;
            first_id := lpad(to_hex((extract(epoch FROM day) * 1000)::bigint), 12, '0') || repeat('0', 20);
            end_id := lpad(to_hex((extract(epoch FROM day + 1) * 1000)::bigint), 12, '0') || repeat('0', 20);
            -- If nobody has called this function for a week, the default partition has the events of the day. They stay
            -- there: nobody could publish events while they are moved.
            CONTINUE WHEN days < min_days_with_constraint AND EXISTS (SELECT FROM event_partitions.other);
            CONTINUE WHEN EXISTS (SELECT FROM event_partitions.other WHERE id >= first_id AND id < end_id);
            LOCK TABLE event_partitions.other IN ACCESS EXCLUSIVE MODE;
            CONTINUE WHEN EXISTS (SELECT FROM event_partitions.other WHERE id >= first_id AND id < end_id);
            IF EXISTS (SELECT FROM event_partitions.other) THEN
                CONTINUE WHEN days < min_days_with_constraint;
                IF NOT EXISTS (
                    SELECT FROM pg_constraint
                    WHERE conrelid = 'event_partitions.other'::regclass AND conname = 'not_' || partition
                ) THEN
                    EXECUTE format(
                        'ALTER TABLE event_partitions.other ADD CONSTRAINT %I CHECK (id < %L OR id >= %L) NOT VALID',
                        'not_' || partition, first_id, end_id);
                    CONTINUE;
                END IF;
            END IF;
            -- Attached, and not created as a partition: that would lock the table.
            EXECUTE format('CREATE TABLE event_partitions.%I (LIKE public.events INCLUDING ALL)', partition);
            EXECUTE format(
                'ALTER TABLE public.events ATTACH PARTITION event_partitions.%I FOR VALUES FROM (%L) TO (%L)',
                partition, first_id, end_id);
            EXECUTE format('ALTER TABLE event_partitions.other DROP CONSTRAINT IF EXISTS %I', 'not_' || partition);
        END LOOP;
    EXCEPTION WHEN lock_not_available THEN
        RAISE LOG 'the partitions of events are in use; new ones are created at the next call';
    END;
    -- In a separate block, so that giving up does not undo the creation.
    BEGIN
        FOR partition IN
            SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
            WHERE inhparent = 'public.events'::regclass AND relname LIKE 'day\_%'
                AND relname < 'day_' || to_char(today - kept_days, 'YYYYMMDD')
            ORDER BY relname
        LOOP
            EXECUTE format('DROP TABLE event_partitions.%I', partition);
        END LOOP;
    EXCEPTION WHEN lock_not_available THEN
        RAISE LOG 'the partitions of events are in use; old ones are dropped at the next call';
    END;
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
