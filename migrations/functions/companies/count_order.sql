-- Counts a company's orders per month, in shards, so that few transactions wait for the same row.
CREATE OR REPLACE FUNCTION public.count_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.order_counts (company_id, month, shard, count)
    VALUES (
        NEW.company_id, date_trunc('month', NEW.placed_at AT TIME ZONE 'UTC')::date, pg_backend_pid() % 32, 1)
    ON CONFLICT (company_id, month, shard) DO UPDATE SET count = order_counts.count + 1;
    RETURN NULL;
END $$;
