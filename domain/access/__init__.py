"""Roles and permissions, memberships, invitations, API keys."""
