"""What runs by the clock: a module per area, with its schedules and what they do."""
