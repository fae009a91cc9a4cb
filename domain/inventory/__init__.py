"""Warehouses, stock, reservations and the stock ledger."""
