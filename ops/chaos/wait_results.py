"""Whether each example saga has ended once, and as its signals say; read from the journal."""

from collections import Counter
from dataclasses import dataclass

import psycopg

_READ_SAGAS = """
    SELECT s.id::text, s.state, s.failure->>'code',
        (SELECT count(*) FROM saga_signals g
         WHERE g.saga_id = s.id AND g.signal = 'example.confirmed' AND g.result = 'accepted'),
        (SELECT jsonb_object_agg(entry, times) FROM (
            SELECT concat_ws(' ', h.step, h.event) AS entry, count(*) AS times FROM saga_history(s.id) h GROUP BY 1) e)
    FROM sagas s WHERE s.name = 'example_wait'"""
_COUNT_SIGNALS = "SELECT result, count(*) FROM saga_signals GROUP BY result"

_ONCE = {
    "done": {"begin_example done", "confirm_example done", "close_example done", "completed", "done"},
    "undone": {"example.confirmed expired", "begin_example undone", "compensating", "undone"},
}
_NEVER = {"done": {"compensating", "undone", "incident"}, "undone": {"confirm_example begun", "completed", "incident"}}


@dataclass(frozen=True, slots=True)
class WaitingSaga:
    """An example saga at the end of the run.

    `failure` is the code of its failure, `confirmations` the number of accepted ones. `entries` is how often each entry
    is in the saga's history.
    """

    id: str
    state: str
    failure: str | None
    confirmations: int
    entries: dict[str, int]

    @property
    def problems(self) -> list[str]:
        """The differences from a correct end."""
        if self.state not in _ONCE:
            return [f"it is {self.state}"]
        found = [f"{entry}: {times} times" for entry in sorted(_ONCE[self.state]) if (times := self._times(entry)) != 1]
        found += [f"it is {self.state}, and has {entry}" for entry in sorted(_NEVER[self.state]) if self._times(entry)]
        if self.confirmations != (self.state == "done"):
            found.append(f"it is {self.state}, and {self.confirmations} confirmations were accepted")
        if self.failure != (None if self.state == "done" else "wait_expired"):
            found.append(f"it is {self.state}, and its failure is {self.failure}")
        return found

    def _times(self, entry: str) -> int:
        return self.entries.get(entry, 0)


def read(database_url: str) -> tuple[list[WaitingSaga], dict[str, int]]:
    """Read the example sagas, and the number of recorded signals by result."""
    with psycopg.connect(database_url) as connection:
        sagas = [WaitingSaga(*row) for row in connection.execute(_READ_SAGAS)]
        return sagas, dict(connection.execute(_COUNT_SIGNALS).fetchall())


def counts(sagas: list[WaitingSaga], signals: dict[str, int]) -> dict[str, int]:
    """The number of waits by their end, and of signals by result."""
    ended = Counter(saga.state for saga in sagas)
    return {
        "waits_confirmed": ended["done"],
        "waits_expired": ended["undone"],
        **{f"signals_{result}": signals.get(result, 0) for result in ("accepted", "late", "conflicting")},
    }


def violations(sagas: list[WaitingSaga], *, started: int) -> list[str]:
    """What is wrong with the end of each saga; and a line if not as many as were to be started are there."""
    missing = [] if len(sagas) == started else [f"{len(sagas)} of {started} sagas are there"]
    return missing + [f"saga {saga.id}: {'; '.join(saga.problems)}" for saga in sagas if saga.problems]
