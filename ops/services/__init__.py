"""Private services on loopback, each a child process that never outlives whoever started it."""
