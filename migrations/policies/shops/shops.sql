CREATE POLICY by_id ON public.shops FOR SELECT TO orderx_app
    USING (id = (NULLIF(current_setting('orderx.shop_id'::text, true), ''::text))::uuid);
