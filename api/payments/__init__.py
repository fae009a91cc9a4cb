"""Endpoints of payments and refunds."""
