"""What is shown while a stack starts: in a terminal a line that changes, elsewhere a line every few seconds."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ops.commands.output import console, say
from ops.stack import Stack

_EVERY = 4.0
"""Seconds: who sees nothing for longer thinks that it hangs."""


@contextmanager
def shown_while_starting(stack: Stack) -> Iterator[None]:
    """Tell which processes are waited for, and for how long, until the block ends."""
    begun, ended = time.monotonic(), threading.Event()
    said = f"Starting the stack (broker: {stack.broker_name})"

    def waiting() -> str:
        names = ", ".join(stack.waiting_for)
        return f"{said}: {time.monotonic() - begun:.0f} s, waiting for {names}" if names else said

    def repeat() -> None:
        while not ended.wait(_EVERY):
            say(waiting())

    def animate() -> None:
        with console.status(said, spinner="line") as status:
            while not ended.wait(0.5):
                status.update(waiting())

    if not console.is_terminal:
        say(said)
    thread = threading.Thread(target=animate if console.is_terminal else repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
