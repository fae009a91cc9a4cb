"""The saga engine: definitions, the journal, and the state machine. It knows nothing of orders or of any step."""
