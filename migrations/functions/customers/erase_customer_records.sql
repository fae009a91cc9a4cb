-- Removes a user's data from the records that companies have of their customers. Users may not change these rows of
-- companies; this function may, for the current user of the transaction only.
CREATE OR REPLACE FUNCTION public.erase_customer_records(the_user uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF the_user IS DISTINCT FROM nullif(current_setting('orderx.user_id', true), '')::uuid THEN
        RAISE insufficient_privilege USING MESSAGE = 'a user may erase only themselves';
    END IF;
    DELETE FROM public.customer_addresses
    WHERE customer_id IN (SELECT id FROM public.customers WHERE user_id = the_user);
    UPDATE public.customers SET name = '', email = NULL, phone = NULL, locale = NULL, vat_id = NULL, tags = '{}',
        note = '', accepts_marketing = false, marketing_decided_at = NULL, version = version + 1
    WHERE user_id = the_user;
END $$;

ALTER FUNCTION public.erase_customer_records(uuid) OWNER TO orderx_definer;
REVOKE EXECUTE ON FUNCTION public.erase_customer_records(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.erase_customer_records(uuid) TO orderx_app;
