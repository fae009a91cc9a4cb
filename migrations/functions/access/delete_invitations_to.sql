-- Deletes the invitations to a person's mail address, with their mails. They are rows of companies; the address is personal.
CREATE OR REPLACE FUNCTION public.delete_invitations_to(the_user uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    address text := (SELECT email FROM public.users WHERE id = the_user);
BEGIN
    IF the_user IS DISTINCT FROM nullif(current_setting('orderx.user_id', true), '')::uuid THEN
        RAISE insufficient_privilege USING MESSAGE = 'a user may erase only themselves';
    END IF;
    DELETE FROM public.invitations WHERE email = address;
    DELETE FROM public.mails WHERE template = 'invitation' AND recipient = address;
END $$;

ALTER FUNCTION public.delete_invitations_to(uuid) OWNER TO orderx_definer;
REVOKE EXECUTE ON FUNCTION public.delete_invitations_to(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.delete_invitations_to(uuid) TO orderx_app;
