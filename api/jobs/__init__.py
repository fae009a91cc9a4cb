"""The jobs of a company: progress and result of long work."""
