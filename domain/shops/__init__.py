"""Shops, their locations and opening hours."""
