CREATE POLICY metrics ON public.alerts FOR SELECT TO orderx_definer
    USING (true);
