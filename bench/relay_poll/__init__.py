"""The relay's poll query while a long snapshot keeps the rows that were sent."""
