"""Taxes and discounts, divided among lines."""
