-- Counts a new order of a company in its month, and makes its number of the count: 2611-42 is the 42nd of November 2026.
-- The count has shards, so that transactions at the same time do not wait for each other. Each takes the first shard
-- that no other one has locked. Letters in the number are those of the shard; the first one has none.
CREATE OR REPLACE FUNCTION public.number_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    this_month date := date_trunc('month', NEW.placed_at AT TIME ZONE 'UTC')::date;
    taken smallint;
    place integer;
BEGIN
    SELECT shard INTO taken FROM public.order_counts WHERE company_id = NEW.company_id AND month = this_month
    ORDER BY shard LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF taken IS NULL THEN
        taken := CASE
            WHEN EXISTS (SELECT FROM public.order_counts WHERE company_id = NEW.company_id AND month = this_month)
            THEN 1 + pg_backend_pid() % 31 ELSE 0 END;
    END IF;
    INSERT INTO public.order_counts (company_id, month, shard, count) VALUES (NEW.company_id, this_month, taken, 1)
    ON CONFLICT (company_id, month, shard) DO UPDATE SET count = order_counts.count + 1
    RETURNING count INTO place;
    NEW.number := public.format_order_number(this_month, place, taken);
    RETURN NEW;
END $$;
