CREATE POLICY by_token ON public.refresh_tokens FOR SELECT TO orderx_app
    USING (hash = decode(NULLIF(current_setting('orderx.token'::text, true), ''::text), 'hex'::text));

CREATE POLICY own ON public.refresh_tokens TO orderx_app
    USING (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);
