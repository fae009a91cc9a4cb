"""Price lists, the history of prices, and taxes and discounts, divided among lines."""
