-- Sets the discounts of an order that the previous release places: it knows the subtotal and the total only.
CREATE OR REPLACE FUNCTION public.set_order_discounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.discounts := NEW.subtotal - NEW.total;
    RETURN NEW;
END $$;
