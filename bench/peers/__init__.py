"""The contestants: one file each for how it is started and how it does the work."""
