CREATE POLICY operator ON public.operator_actions FOR SELECT TO orderx_operator
    USING (true);

CREATE POLICY own ON public.operator_actions TO orderx_app
    USING (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid)
    WITH CHECK (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);
