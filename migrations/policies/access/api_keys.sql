CREATE POLICY by_token ON public.api_keys FOR SELECT TO orderx_app
    USING (hash = decode(NULLIF(current_setting('orderx.token'::text, true), ''::text), 'hex'::text));

CREATE POLICY own_delete ON public.api_keys FOR DELETE TO orderx_app
    USING ((NULLIF(current_setting('orderx.company_id'::text, true), ''::text) IS NULL) AND (created_by = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid));

CREATE POLICY own_select ON public.api_keys FOR SELECT TO orderx_app
    USING ((NULLIF(current_setting('orderx.company_id'::text, true), ''::text) IS NULL) AND (created_by = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid));
