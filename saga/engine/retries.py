"""How often, and after how long, a step that could not be answered is tried again."""

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Retries:
    """Exponential backoff with equal jitter, in seconds; `limit` counts attempts, the first included.

    Seven attempts outlast an outage of a quarter of a minute.
    """

    limit: int = 7
    first: float = 0.5
    longest: float = 30.0

    def pause_after(self, attempts: int) -> timedelta:
        """How long to wait after this many attempts: half of the step at least, so that a retry never storms."""
        ceiling = min(self.longest, self.first * 2 ** (attempts - 1))
        return timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311 - jitter is no secret

    def exhausted_after(self, attempts: int) -> bool:
        """Whether this many attempts were all there are."""
        return attempts >= self.limit


UNDO_RETRIES = Retries(limit=12)
"""Undos try harder than steps: giving up on one needs a person."""

UNTIL_DONE = Retries(limit=20, longest=60.0)
"""For what follows the pivot: there is no way back, so an incident is the last resort."""
