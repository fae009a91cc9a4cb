"""Chaos: a real stack under load, disturbed by a plan made from a seed, and its books proved at the end."""
