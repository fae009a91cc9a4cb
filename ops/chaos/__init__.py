"""Fault injection: runs a real stack under load, injects faults by a seeded plan, and checks that nothing was lost."""
