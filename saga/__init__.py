"""What follows what: the sagas, their steps and the engine that runs them; reactions, schedules and deliveries."""
