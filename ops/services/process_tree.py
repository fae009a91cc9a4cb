"""Child processes and descendants of a process, from /proc."""

from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """The process ids of the children, sorted; empty if the process has ended."""
    pids: set[int] = set()
    gone = FileNotFoundError, ProcessLookupError  # a process can end between two reads
    with suppress(*gone):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(*gone):
                pids.update(map(int, task.read_text().split()))
    return sorted(pids)


def descendants(pid: int) -> list[int]:
    """The process ids of the children, their children, and so on."""
    return [each for child in children(pid) for each in (child, *descendants(child))]
