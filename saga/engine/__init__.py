"""The saga engine: declaration, journal, and the rules by which a saga moves. It knows no step and no order."""
