"""The run as it can be watched: a live table in a terminal, plain lines elsewhere."""

import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ops.chaos.customers import Visit

_LINES, _EVERY = 12, 5.0


class View:
    """Shows what `tell` hears, and between that what `look` was shown last; enter it while the run lasts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._visits: Sequence[Visit] = ()
        self._disturbed: Sequence[str] = ()
        self._begun = time.monotonic()
        self._heard: deque[str] = deque(maxlen=_LINES)
        self._next_line = 0.0
        self._live = Live(get_renderable=self._picture, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def tell(self, line: str) -> None:
        """Something happened."""
        stamped = f"{time.monotonic() - self._begun:7.1f} s  {line}"
        if self._console.is_terminal:
            self._heard.append(stamped)
        else:
            self._console.print(stamped, highlight=False, soft_wrap=True)

    def look(self, visits: Sequence[Visit], disturbed: Sequence[str]) -> None:
        """Take in how far the customers are, and what is disturbed just now."""
        self._visits, self._disturbed = visits, disturbed
        if not self._console.is_terminal and time.monotonic() > self._next_line:
            self._next_line = time.monotonic() + _EVERY
            self.tell(_summary(visits))

    def _picture(self) -> RenderableType:
        answered = sum(visit.answered for visit in self._visits)
        table = Table.grid(padding=(0, 2))
        table.add_row("orders", ProgressBar(total=max(1, len(self._visits)), completed=answered, width=40))
        table.add_row("", _summary(self._visits))
        table.add_row("disturbed", ", ".join(self._disturbed) or "nothing")
        return Group(table, Text(), *(Text(line) for line in self._heard))


def _summary(visits: Sequence[Visit]) -> str:
    counts = Counter(
        "accepted" if visit.orders else "refused" if visit.refused else "waiting" for visit in visits if visit.tries
    )
    told = ", ".join(f"{counts[name]} {name}" for name in ("accepted", "refused", "waiting"))
    return f"{sum(counts.values())} of {len(visits)} customers: {told}"
