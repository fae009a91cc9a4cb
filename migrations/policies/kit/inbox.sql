CREATE POLICY global ON public.inbox TO orderx_app
    USING ((company_id IS NULL) AND (NULLIF(current_setting('orderx.user_id'::text, true), ''::text) IS NOT NULL) AND (NULLIF(current_setting('orderx.company_id'::text, true), ''::text) IS NULL))
    WITH CHECK ((company_id IS NULL) AND (NULLIF(current_setting('orderx.user_id'::text, true), ''::text) IS NOT NULL) AND (NULLIF(current_setting('orderx.company_id'::text, true), ''::text) IS NULL));
