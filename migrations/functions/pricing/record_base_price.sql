-- Adds the new price of a variant to the history of its price. The history is append-only.
CREATE OR REPLACE FUNCTION public.record_base_price() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.base_prices (variant_id, changed_at, company_id, price)
    VALUES (NEW.id, clock_timestamp(), NEW.company_id, NEW.price);
    RETURN NULL;
END $$;
