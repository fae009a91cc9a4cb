"""What follows what: the sagas as sentences, their steps with the undo beside each, and the engine that runs them."""
