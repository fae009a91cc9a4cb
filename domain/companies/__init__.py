"""Companies, plans, suspension and closing."""
