-- Removes a user's data; the row stays, because orders and records of companies refer to it. Users may not change all
-- columns of their row; this function may, for the current user of the transaction only.
CREATE OR REPLACE FUNCTION public.erase_user(the_user uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF the_user IS DISTINCT FROM nullif(current_setting('orderx.user_id', true), '')::uuid THEN
        RAISE insufficient_privilege USING MESSAGE = 'a user may erase only themselves';
    END IF;
    DELETE FROM public.sessions WHERE user_id = the_user;
    DELETE FROM public.one_time_links WHERE user_id = the_user;
    DELETE FROM public.addresses WHERE user_id = the_user;
    UPDATE public.users SET email = 'erased-' || the_user || '@erased.invalid', name = '', password_hash = '',
        phone = NULL, locale = NULL, time_zone = NULL, notifications = DEFAULT, default_company_id = NULL,
        verified_at = NULL, erased_at = now()
    WHERE id = the_user;
END $$;

ALTER FUNCTION public.erase_user(uuid) OWNER TO orderx_definer;
REVOKE EXECUTE ON FUNCTION public.erase_user(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.erase_user(uuid) TO orderx_app;
