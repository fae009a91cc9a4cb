"""The steps of the sagas, one per file, each with its undo."""
