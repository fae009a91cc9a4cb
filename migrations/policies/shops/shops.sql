CREATE POLICY by_id ON public.shops FOR SELECT TO orderx_app
    USING (id = (NULLIF(current_setting('orderx.shop_id'::text, true), ''::text))::uuid);

CREATE POLICY by_slug ON public.shops FOR SELECT TO orderx_app
    USING (slug = NULLIF(current_setting('orderx.shop_slug'::text, true), ''::text));
