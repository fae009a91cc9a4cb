CREATE POLICY own ON public.second_factors TO orderx_app
    USING (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);
