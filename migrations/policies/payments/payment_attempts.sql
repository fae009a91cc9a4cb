CREATE POLICY own ON public.payment_attempts FOR SELECT TO orderx_app
    USING (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);
