"""Imports of files, of any kind that an area declares."""
