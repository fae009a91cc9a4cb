"""Plumbing that would serve a florist's website too: database, outbox, tenancy, money, time, settings."""
