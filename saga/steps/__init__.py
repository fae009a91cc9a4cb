"""The steps of the sagas, by area: one per file, each with its undo."""
