"""Sending what is due to the outside: claim, call without a transaction, record."""
