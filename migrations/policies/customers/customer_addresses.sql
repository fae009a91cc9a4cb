CREATE POLICY erasure ON public.customer_addresses TO orderx_definer
    USING (customer_id IN ( SELECT customers.id
   FROM customers));

CREATE POLICY own ON public.customer_addresses FOR SELECT TO orderx_app
    USING (customer_id IN ( SELECT customers.id
   FROM customers));
