"""OrderX measured while one parameter changes, one command per curve: see `python -m bench.curves --help`."""
