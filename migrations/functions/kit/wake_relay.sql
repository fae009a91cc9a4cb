-- Notifies the relays. PostgreSQL delivers one notification per transaction, after its commit.
CREATE OR REPLACE FUNCTION public.wake_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('orderx_outbox', '');
    RETURN NULL;
END $$;
