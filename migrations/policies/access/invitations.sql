CREATE POLICY by_token ON public.invitations FOR SELECT TO orderx_app
    USING (hash = decode(NULLIF(current_setting('orderx.token'::text, true), ''::text), 'hex'::text));

CREATE POLICY erasure ON public.invitations TO orderx_definer
    USING (email = ( SELECT users.email
   FROM users
  WHERE (users.id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid)));
