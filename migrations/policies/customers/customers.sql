CREATE POLICY erasure ON public.customers TO orderx_definer
    USING (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);

CREATE POLICY own ON public.customers FOR SELECT TO orderx_app
    USING ((user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid) AND (NULLIF(current_setting('orderx.company_id'::text, true), ''::text) IS NULL));
