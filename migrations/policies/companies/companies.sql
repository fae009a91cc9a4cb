CREATE POLICY company ON public.companies TO orderx_app
    USING (id = (NULLIF(current_setting('orderx.company_id'::text, true), ''::text))::uuid)
    WITH CHECK (id = (NULLIF(current_setting('orderx.company_id'::text, true), ''::text))::uuid);

CREATE POLICY member ON public.companies FOR SELECT TO orderx_app
    USING (EXISTS ( SELECT
   FROM memberships m
  WHERE ((m.company_id = companies.id) AND (m.user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid))));
