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
            IF OLD.status = 'paid' AND NEW.total > 0 THEN
                -- The order is pending still where the columns are not filled yet.
                NEW.paid := CASE OLD.state WHEN 'pending' THEN NEW.total ELSE OLD.paid END;
                NEW.refunded := NEW.paid;
                NEW.payment_state := 'refunded';
            END IF;
        ELSE -- the previous release sets no other status
    END CASE;
    RETURN NEW;
END $$;
