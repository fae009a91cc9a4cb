CREATE POLICY across_companies ON public.outbox FOR INSERT TO orderx_across_companies
    WITH CHECK (true);

CREATE POLICY global ON public.outbox FOR INSERT TO orderx_app
    WITH CHECK ((company_id IS NULL) AND ((NULLIF(current_setting('orderx.user_id'::text, true), ''::text) IS NOT NULL) OR (NULLIF(current_setting('orderx.email'::text, true), ''::text) IS NOT NULL)));

CREATE POLICY metrics ON public.outbox FOR SELECT TO orderx_definer
    USING (true);
