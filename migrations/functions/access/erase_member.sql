-- Deletes a person's memberships and the invitations to their mail address, with their mails. They are rows of companies;
-- this function may delete them for the current user of the transaction only.
CREATE OR REPLACE FUNCTION public.erase_member(the_user uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    address text := (SELECT email FROM public.users WHERE id = the_user);
BEGIN
    IF the_user IS DISTINCT FROM nullif(current_setting('orderx.user_id', true), '')::uuid THEN
        RAISE insufficient_privilege USING MESSAGE = 'a user may erase only themselves';
    END IF;
    DELETE FROM public.memberships WHERE user_id = the_user;
    DELETE FROM public.invitations WHERE email = address;
    DELETE FROM public.mails WHERE template = 'invitation' AND recipient = address;
END $$;

ALTER FUNCTION public.erase_member(uuid) OWNER TO orderx_definer;
REVOKE EXECUTE ON FUNCTION public.erase_member(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.erase_member(uuid) TO orderx_app;
