"""Comparing outside records with ours, and correcting the differences."""
