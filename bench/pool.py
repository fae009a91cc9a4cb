"""A peer's connections to the database of its run, one pool per process."""

import os
from functools import cache

from psycopg_pool import ConnectionPool


@cache
def pool() -> ConnectionPool:
    """The pool of this process, opened when first asked for (after a fork, that is)."""
    return ConnectionPool(os.environ["BENCH_DATABASE_URL"], min_size=1, max_size=16, open=True)
