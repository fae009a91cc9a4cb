"""Imports of files: staged, checked, and applied in slices."""
