CREATE POLICY own_delete ON public.idempotency_keys FOR DELETE TO orderx_app
    USING (caller_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);

CREATE POLICY own_select ON public.idempotency_keys FOR SELECT TO orderx_app
    USING (caller_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);
