"""The order of steps: the sagas' definitions, their steps and undos, and the engine that runs them."""
