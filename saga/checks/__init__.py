"""Rules of `orderx check` about the rows of an area and their sagas, by area; `definitions` belongs to the engine."""
