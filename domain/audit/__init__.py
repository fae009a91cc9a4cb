"""Operators' actions and their reasons."""
