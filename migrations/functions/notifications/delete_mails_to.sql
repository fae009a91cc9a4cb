-- Deletes the mails about a user's account. Users may not delete mails; this function may, for the current user of the transaction only.
CREATE OR REPLACE FUNCTION public.delete_mails_to(the_user uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF the_user IS DISTINCT FROM nullif(current_setting('orderx.user_id', true), '')::uuid THEN
        RAISE insufficient_privilege USING MESSAGE = 'a user may erase only themselves';
    END IF;
    DELETE FROM public.mails WHERE user_id = the_user;
END $$;

ALTER FUNCTION public.delete_mails_to(uuid) OWNER TO orderx_definer;
REVOKE EXECUTE ON FUNCTION public.delete_mails_to(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.delete_mails_to(uuid) TO orderx_app;
