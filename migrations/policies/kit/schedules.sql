CREATE POLICY metrics ON public.schedules FOR SELECT TO orderx_definer
    USING (true);
