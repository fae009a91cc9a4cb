"""A company's records of its buyers, with addresses and groups."""
