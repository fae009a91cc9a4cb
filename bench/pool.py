"""A peer's connection pool, one per process."""

import os
from functools import cache

from psycopg_pool import ConnectionPool


@cache
def pool() -> ConnectionPool:
    """The pool of this process, opened at the first call, hence after a fork."""
    return ConnectionPool(os.environ["BENCH_DATABASE_URL"], min_size=1, max_size=16, open=True)
