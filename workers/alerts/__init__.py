"""Finds problems, opens and closes alerts about them, and delivers the alerts."""
