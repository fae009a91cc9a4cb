"""The run as it can be watched: a live table in a terminal, plain lines elsewhere."""

import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ops.chaos.customers import Visit

_LINES = 12
_EVERY, _EVERY_LINE = 0.5, 5.0


class View:
    """Shows what `tell` hears, and between that what `look` was shown last; enter it while the run lasts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._visits: Sequence[Visit] = ()
        self._disturbed: Sequence[str] = ()
        self._statuses: Mapping[str, int] = {}
        self._begun = time.monotonic()
        self._heard: deque[str] = deque(maxlen=_LINES)
        self._look_at = 0.0
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

    @property
    def due(self) -> bool:
        """Whether it is time to look again."""
        return time.monotonic() > self._look_at

    def look(self, visits: Sequence[Visit], disturbed: Sequence[str], statuses: Mapping[str, int]) -> None:
        """Take in how far the customers and their orders are, and what is disturbed just now."""
        self._visits, self._disturbed, self._statuses = visits, disturbed, statuses
        if self._console.is_terminal:
            self._look_at = time.monotonic() + _EVERY
        else:
            self._look_at = time.monotonic() + _EVERY_LINE
            self.tell(f"{_answers(visits)}; {_counts(statuses)}")

    def _picture(self) -> RenderableType:
        answered = sum(visit.answered for visit in self._visits)
        table = Table.grid(padding=(0, 2))
        table.add_row("customers", ProgressBar(total=max(1, len(self._visits)), completed=answered, width=40))
        table.add_row("", _answers(self._visits))
        table.add_row("orders", _counts(self._statuses))
        table.add_row("disturbed", ", ".join(self._disturbed) or "nothing")
        return Group(table, Text(), *(Text(line) for line in self._heard))


def _answers(visits: Sequence[Visit]) -> str:
    told = Counter(
        "accepted" if visit.orders else "refused" if visit.refused else "waiting" for visit in visits if visit.tries
    )
    return f"{told.total()} of {len(visits)} customers came: {_counts(told)}"


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{times} {name}" for name, times in sorted(counted.items())) or "nothing known"
