"""The participants of the benchmark, one per file: how it is started, and how it processes an order."""
