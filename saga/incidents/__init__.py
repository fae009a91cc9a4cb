"""What operators do about stuck sagas: list their incidents, and retry, skip, compensate or resolve them."""
