"""The vocabulary of the business: one file per step, its undo beside it."""
