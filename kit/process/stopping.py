"""The signals that ask a process to stop."""

import signal
import threading


def on_stop_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set from now on. Only the main thread may call this."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping
