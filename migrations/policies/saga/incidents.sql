CREATE POLICY metrics ON public.incidents FOR SELECT TO orderx_definer
    USING (true);
