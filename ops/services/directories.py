"""Directories of the private services: theirs alone, and readable by the user a root process drops to."""

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
    """The directory, made if need be: private, except that under root others may pass through it to their own.

    Raises NotConfigured when it belongs to somebody else, who could have put anything there.
    """
    path.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise NotConfigured(f"{path} belongs to another user: remove it, or work in another folder")
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


@contextmanager
def temporary(prefix: str = "orderx-") -> Iterator[Path]:
    """A directory that is removed with everything in it."""
    path = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield make(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def secret(path: Path) -> str:
    """The secret kept in this file: 43 URL-safe characters, drawn when first asked for."""
    if not path.exists():
        write_privately(path, secrets.token_urlsafe(32))
    return path.read_text()


def write_privately(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.replace(path)


def reachable(path: Path, user: pwd.struct_passwd) -> bool:
    """Whether this other user may pass through to the path and read it."""
    return all(_open_to(step, user) for step in (path, *path.parents))


def _open_to(path: Path, user: pwd.struct_passwd) -> bool:
    status = path.stat()
    return bool(status.st_mode & (0o100 if status.st_uid == user.pw_uid else 0o001))


def copy_for_anyone(source: Path, target: Path) -> None:
    """Copy a tree so that any user may read and run what the owner may."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            owner = path.stat().st_mode & 0o500
            path.chmod(path.stat().st_mode | owner >> 3 | owner >> 6)
