"""Progress of a run: a live table in a terminal, otherwise plain lines."""

import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ops.chaos.customers import Purchase

_LINES = 12
_INTERVAL, _LINE_INTERVAL = 0.5, 5.0


class View:
    """Context manager that shows the lines of `log` and the figures of the last `update`."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._purchases: Sequence[Purchase] = ()
        self._active_faults: Sequence[str] = ()
        self._statuses: Mapping[str, int] = {}
        self._started = time.monotonic()
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._update_at = 0.0
        self._live = Live(get_renderable=self._picture, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def log(self, line: str) -> None:
        """Print an event with its time."""
        stamped = f"{time.monotonic() - self._started:7.1f} s  {line}"
        if self._console.is_terminal:
            self._lines.append(stamped)
        else:
            self._console.print(stamped, highlight=False, soft_wrap=True)

    @property
    def is_due(self) -> bool:
        """Whether it is time for the next update."""
        return time.monotonic() > self._update_at

    def update(self, purchases: Sequence[Purchase], active_faults: Sequence[str], statuses: Mapping[str, int]) -> None:
        """Show the progress of the customers, the active faults, and the number of orders by status."""
        self._purchases, self._active_faults, self._statuses = purchases, active_faults, statuses
        if self._console.is_terminal:
            self._update_at = time.monotonic() + _INTERVAL
        else:
            self._update_at = time.monotonic() + _LINE_INTERVAL
            self.log(f"{_responses(purchases)}; {_counts(statuses)}")

    def _picture(self) -> RenderableType:
        answered = sum(purchase.is_answered for purchase in self._purchases)
        table = Table.grid(padding=(0, 2))
        table.add_row("customers", ProgressBar(total=max(1, len(self._purchases)), completed=answered, width=40))
        table.add_row("", _responses(self._purchases))
        table.add_row("orders", _counts(self._statuses))
        table.add_row("faults", ", ".join(self._active_faults) or "none")
        return Group(table, Text(), *(Text(line) for line in self._lines))


def _responses(purchases: Sequence[Purchase]) -> str:
    results = Counter(
        "accepted" if each.order_ids else "refused" if each.refusal else "waiting" for each in purchases if each.tries
    )
    return f"{results.total()} of {len(purchases)} customers started: {_counts(results)}"


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{times} {name}" for name, times in sorted(counted.items())) or "none"
