"""How OrderX's figures change with one thing at a time: a command each, see `python -m bench.curves --help`."""
