"""The API under slow clients."""
