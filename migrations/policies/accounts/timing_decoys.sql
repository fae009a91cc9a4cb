CREATE POLICY anyone ON public.timing_decoys FOR INSERT TO orderx_app
    WITH CHECK (NULLIF(current_setting('orderx.email'::text, true), ''::text) IS NOT NULL);
