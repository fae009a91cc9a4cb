"""Payments, and the provider's protocol."""
