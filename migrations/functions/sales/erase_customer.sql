-- Removes a customer's data from their orders and the mails about them, which are kept. Customers may not change these
-- rows of companies; this function may, for the current user of the transaction only.
CREATE OR REPLACE FUNCTION public.erase_customer(the_user uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    placeholder text := 'erased-' || the_user || '@erased.invalid';
BEGIN
    IF the_user IS DISTINCT FROM nullif(current_setting('orderx.user_id', true), '')::uuid THEN
        RAISE insufficient_privilege USING MESSAGE = 'a user may erase only themselves';
    END IF;
    UPDATE public.mails m SET context = '{}', leased_until = NULL,
        status = CASE m.status WHEN 'sent' THEN 'sent' ELSE 'refused' END,
        recipient = CASE m.recipient WHEN o.customer_email THEN placeholder ELSE m.recipient END
    FROM public.orders o WHERE o.id = m.order_id AND o.customer_id IN (SELECT id FROM public.customers WHERE user_id = the_user);
    UPDATE public.orders SET customer_email = placeholder, customer_name = '',
        shipping_address = jsonb_build_object('country', shipping_address->'country'),
        billing_address = CASE WHEN billing_address IS NOT NULL
            THEN jsonb_build_object('country', billing_address->'country') END,
        phone = NULL, note = NULL, version = version + 1
    WHERE customer_id IN (SELECT id FROM public.customers WHERE user_id = the_user);
END $$;

ALTER FUNCTION public.erase_customer(uuid) OWNER TO orderx_definer;
REVOKE EXECUTE ON FUNCTION public.erase_customer(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.erase_customer(uuid) TO orderx_app;
