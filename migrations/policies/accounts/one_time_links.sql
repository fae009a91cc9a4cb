CREATE POLICY by_token ON public.one_time_links FOR SELECT TO orderx_app
    USING (hash = decode(NULLIF(current_setting('orderx.token'::text, true), ''::text), 'hex'::text));

CREATE POLICY erasure ON public.one_time_links TO orderx_definer
    USING (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);

CREATE POLICY own ON public.one_time_links TO orderx_app
    USING (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);
