CREATE POLICY by_key ON public.attempt_counters TO orderx_app
    USING (key = decode(NULLIF(current_setting('orderx.attempt_key'::text, true), ''::text), 'hex'::text));
