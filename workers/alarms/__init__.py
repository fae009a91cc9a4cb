"""Noticing what is amiss, and telling somebody until it is heard."""
