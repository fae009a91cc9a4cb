CREATE POLICY metrics ON public.sagas FOR SELECT TO orderx_definer
    USING (true);
