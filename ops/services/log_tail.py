"""Prints the logs of several processes to the console as they are written, like `tail -f`."""

import threading
from collections.abc import Iterable
from itertools import cycle
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.text import Text

from ops.services.process import Process

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")
_POLL_INTERVAL = 0.2


class LogFollower:
    """Context manager that prints every new log line, with the coloured name of its process in front."""

    def __init__(self, processes: Iterable[Process], console: Console) -> None:
        followed = list(processes)
        width = max(len(process.name) for process in followed)
        self._console = console
        self._tails = [
            _Tail(process.log, Text(f"{process.name:<{width}} | ", style=colour))
            for process, colour in zip(followed, cycle(_COLOURS), strict=False)
        ]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._ended.wait(_POLL_INTERVAL):
            self._print_new_lines()
        self._print_new_lines()

    def _print_new_lines(self) -> None:
        for tail in self._tails:
            for line in tail.new_lines():
                self._console.print(tail.prefix + Text.from_ansi(line), soft_wrap=True)


class _Tail:
    """The complete lines added to a file since the last read."""

    def __init__(self, path: Path, prefix: Text) -> None:
        self.prefix = prefix
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def new_lines(self) -> list[str]:
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            whole, newline, _ = file.read().rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        return whole.decode(errors="replace").splitlines()
