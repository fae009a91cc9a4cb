"""Consumes events; handles dead letters and events that were lost with the broker."""
