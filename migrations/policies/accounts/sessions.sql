CREATE POLICY erasure ON public.sessions TO orderx_definer
    USING (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);

CREATE POLICY own ON public.sessions TO orderx_app
    USING (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);
