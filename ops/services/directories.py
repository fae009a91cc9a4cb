"""Private directories of the services, accessible also to the unprivileged user that root switches to."""

import os
import pwd
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.errors import NotConfigured


def make(path: Path) -> Path:
    """Create the directory if it is missing, with mode 0700; with 0711 under root, so that other users can traverse it.

    Raises NotConfigured if it belongs to another user, who could have written anything there.
    """
    path.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise NotConfigured(f"{path} belongs to another user: remove it, or use another folder")
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


@contextmanager
def temporary(prefix: str = "orderx-") -> Iterator[Path]:
    """A temporary directory, removed with its contents at the end."""
    path = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield make(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def stored_secret(path: Path) -> str:
    """The secret in this file, 43 URL-safe characters. It is generated if the file is missing."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text()


def write_private(path: Path, text: str) -> None:
    """Write a file atomically, with mode 0600."""
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def reachable(path: Path, user: pwd.struct_passwd) -> bool:
    """Whether another user can traverse the directories to the path, and open it."""
    return all(_is_traversable(step, user) for step in (path, *path.parents))


def _is_traversable(path: Path, user: pwd.struct_passwd) -> bool:
    status = path.stat()
    return bool(status.st_mode & (0o100 if status.st_uid == user.pw_uid else 0o001))


def copy_for_anyone(source: Path, target: Path) -> None:
    """Copy a tree and give all users the owner's permissions to read and execute."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            owner = path.stat().st_mode & 0o500
            path.chmod(path.stat().st_mode | owner >> 3 | owner >> 6)
