"""Steps that notify people."""
