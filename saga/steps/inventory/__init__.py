"""Steps that change stock."""
