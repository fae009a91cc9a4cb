"""Requests to addresses that users give us, which must not reach our own network."""
