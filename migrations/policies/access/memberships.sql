CREATE POLICY erasure ON public.memberships TO orderx_definer
    USING (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);

CREATE POLICY own ON public.memberships FOR SELECT TO orderx_app
    USING (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid);
