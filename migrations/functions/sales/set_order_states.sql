-- Sets the states of an order whose status the previous release has changed: it knows no other column.
CREATE OR REPLACE FUNCTION public.set_order_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE NEW.status
        WHEN 'paid' THEN
            NEW.state := 'placed';
            NEW.payment_state := CASE WHEN NEW.total > 0 THEN 'paid' ELSE 'none' END;
            NEW.paid := NEW.total;
        WHEN 'failed' THEN
            NEW.state := 'failed';
        WHEN 'cancelled' THEN
            NEW.state := 'cancelled';
            IF NEW.paid > 0 THEN
                NEW.payment_state := 'refunded';
                NEW.refunded := NEW.paid;
            END IF;
        ELSE -- the previous release sets no other status
    END CASE;
    RETURN NEW;
END $$;
