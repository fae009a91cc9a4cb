CREATE POLICY colleague ON public.users FOR SELECT TO orderx_app
    USING (EXISTS ( SELECT
   FROM memberships m
  WHERE ((m.user_id = users.id) AND (m.company_id = (NULLIF(current_setting('orderx.company_id'::text, true), ''::text))::uuid))));

CREATE POLICY erasure ON public.users TO orderx_definer
    USING (id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);

CREATE POLICY self ON public.users TO orderx_app
    USING ((id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid) OR (email = NULLIF(current_setting('orderx.email'::text, true), ''::text)));
