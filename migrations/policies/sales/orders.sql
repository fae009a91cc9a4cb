CREATE POLICY erasure ON public.orders TO orderx_definer
    USING (customer_id IN ( SELECT customers.id
   FROM customers
  WHERE (customers.user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid)));

CREATE POLICY own ON public.orders FOR SELECT TO orderx_app
    USING ((customer_id IN ( SELECT customers.id
   FROM customers
  WHERE (customers.user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid))) AND (NULLIF(current_setting('orderx.company_id'::text, true), ''::text) IS NULL));
