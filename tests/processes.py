"""Process states from /proc."""

from pathlib import Path


def state_of(pid: int | None) -> str:
    """One letter, proc(5): T is stopped, Z is a zombie."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
