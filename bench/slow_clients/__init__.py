"""The API under attack by slow clients."""
