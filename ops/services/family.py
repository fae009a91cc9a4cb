"""Who descends from a process, as Linux knows it."""

from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """The process ids of its children, in order of birth; none when it is gone."""
    found: set[int] = set()
    gone = FileNotFoundError, ProcessLookupError  # what ends between two looks
    with suppress(*gone):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(*gone):
                found.update(map(int, task.read_text().split()))
    return sorted(found)


def descendants(pid: int) -> list[int]:
    """Its children, their children, and so on."""
    return [each for child in children(pid) for each in (child, *descendants(child))]
