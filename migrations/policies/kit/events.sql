CREATE POLICY global ON public.events FOR INSERT TO orderx_app
    WITH CHECK ((company_id IS NULL) AND ((NULLIF(current_setting('orderx.user_id'::text, true), ''::text) IS NOT NULL) OR (NULLIF(current_setting('orderx.email'::text, true), ''::text) IS NOT NULL)));
