CREATE POLICY definer ON public.saga_definitions TO orderx_definer
    USING (true)
    WITH CHECK (true);

CREATE POLICY operator ON public.saga_definitions FOR SELECT TO orderx_operator
    USING (true);
