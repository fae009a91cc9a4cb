-- The number of a company's order by its month, its place there, and the shard of the count (0 to 31).
CREATE OR REPLACE FUNCTION public.format_order_number(the_month date, place integer, shard smallint) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT to_char(the_month, 'YYMM') || '-' || place
        || CASE WHEN shard > 26 THEN 'A' ELSE '' END
        || CASE WHEN shard > 0 THEN chr(64 + (shard - 1) % 26 + 1) ELSE '' END
$$;
