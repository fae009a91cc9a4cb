CREATE POLICY erasure ON public.mails TO orderx_definer
    USING ((user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid) OR (EXISTS ( SELECT
   FROM orders o
  WHERE ((o.id = mails.order_id) AND (o.customer_id IN ( SELECT customers.id
           FROM customers
          WHERE (customers.user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid)))))));

CREATE POLICY invitation_erasure ON public.mails TO orderx_definer
    USING ((template = 'invitation'::text) AND (recipient = ( SELECT users.email
   FROM users
  WHERE (users.id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid))));

CREATE POLICY own ON public.mails TO orderx_app
    USING ((company_id IS NULL) AND (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid))
    WITH CHECK ((company_id IS NULL) AND (user_id = (NULLIF(current_setting('orderx.user_id'::text, true), ''::text))::uuid));
