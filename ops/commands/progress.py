"""Progress while a stack starts: an updated line in a terminal, otherwise a line every few seconds."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ops.commands.output import console, print_line
from ops.stack import Stack

_INTERVAL = 4.0
"""Seconds between two lines; after longer silence the process would seem to hang."""


@contextmanager
def startup_progress(stack: Stack) -> Iterator[None]:
    """Show which processes are starting, and for how long, until the block ends."""
    started, ended = time.monotonic(), threading.Event()
    title = f"Starting the stack (broker: {stack.broker_name})"

    def waiting() -> str:
        names = ", ".join(stack.waiting_for)
        return f"{title}: {time.monotonic() - started:.0f} s, waiting for {names}" if names else title

    def repeat() -> None:
        while not ended.wait(_INTERVAL):
            print_line(waiting())

    def animate() -> None:
        with console.status(title, spinner="line") as status:
            while not ended.wait(0.5):
                status.update(waiting())

    if not console.is_terminal:
        print_line(title)
    thread = threading.Thread(target=animate if console.is_terminal else repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
