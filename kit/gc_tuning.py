"""How often Python looks for garbage that reference counts do not find."""

import gc

EVERY = 20_000
"""Objects that are made and not let go of; Python's own 700 are a few milliseconds of a batch."""


def spare_what_stays() -> None:
    """Take all there is by now for what stays until the process ends: no collection looks at it again.

    For when everything is imported, and nothing served or forked yet: a collection writes to every object it looks at,
    and what is written to is no longer shared between processes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(EVERY, 10, 10)
