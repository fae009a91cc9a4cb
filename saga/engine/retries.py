"""How often a step is retried, and after which pauses."""

import random
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Retries:
    """Exponential backoff with equal jitter, in seconds. `limit` counts attempts, including the first.

    Seven attempts outlast an outage of 15 seconds.
    """

    limit: int = 7
    first: float = 0.5
    longest: float = 30.0

    def pause_after(self, attempts: int) -> timedelta:
        """The pause before the next attempt. Up to half of it is random, so that retries do not come all at once."""
        ceiling = min(self.longest, self.first * 2 ** (attempts - 1))
        return timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311 - jitter is no secret

    def exhausted_after(self, attempts: int) -> bool:
        """Whether no attempt is left after `attempts` of them."""
        return attempts >= self.limit


UNDO_RETRIES = Retries(limit=12)
"""For undos. They get more attempts than steps, because an undo that is out of attempts needs an operator."""

UNTIL_DONE = Retries(limit=20, longest=60.0)
"""For steps after the pivot, which cannot be undone: out of attempts, they open an incident."""
