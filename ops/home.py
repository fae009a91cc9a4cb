"""The folder in which `orderx up` keeps its data, and what it tells other commands there while it runs."""

import fcntl
import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from kit.errors import Conflict, NotFound
from ops import reads
from ops.services import directories
from ops.services.postgres_binaries import unprivileged_user

_SETTINGS, _URLS, _LOCK = "env", "urls.json", "lock"


class AlreadyRunning(Conflict):
    """A stack is running in this folder already."""

    code = "already_running"


class NotRunning(NotFound):
    """No stack is running in this folder: `orderx up` starts one."""

    code = "not_running"


def default_home() -> Path:
    """Where `orderx up` keeps its data: `.orderx` here, or where PostgreSQL's user can reach it when root may not."""
    here = Path.cwd()
    user = unprivileged_user()
    if user is None or directories.reachable(here, user):
        return here / ".orderx"
    digest = hashlib.sha256(str(here).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"orderx-{os.geteuid()}-{digest}"  # noqa: S108 - made safely by directories.make


@contextmanager
def reserve(home: Path) -> Iterator[Path]:
    """Hold the directory for one stack; raises AlreadyRunning when another one holds it."""
    with (directories.make(home) / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"a stack is running in {home} already") from None
        yield home


def publish(home: Path, *, settings: Mapping[str, str], urls: Mapping[str, str]) -> None:
    """Write down, for this user alone, how other commands reach the stack that runs here."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(settings.items())]
    directories.write_privately(home / _SETTINGS, "".join(lines))
    directories.write_privately(home / _URLS, json.dumps(dict(urls)))


def withdraw(home: Path) -> None:
    """Remove what was published: the stack stops."""
    for name in (_SETTINGS, _URLS):
        (home / name).unlink(missing_ok=True)


def urls(home: Path) -> dict[str, str]:
    """The addresses of the stack that runs here; raises NotRunning."""
    found: dict[str, str] = json.loads(_read(home, _URLS))
    return found


def use_running_stack(words: Sequence[str]) -> None:
    """Give an upkeep command the settings of the stack that runs here, if the environment has none that it reads.

    Some from here and some from there would mix the books of two systems.
    """
    if not words or words[0] not in reads.UPKEEP:
        return
    declared = reads.declared(words[:1])
    if declared & os.environ.keys() <= {"ORDERX_LOG_LEVEL"}:
        try:
            lines = _read(default_home(), _SETTINGS).splitlines()
        except (OSError, NotRunning):
            return
        settings = dict(shlex.split(line)[0].split("=", 1) for line in lines)
        os.environ.update({name: settings[name] for name in declared & settings.keys()})


def _read(home: Path, name: str) -> str:
    """A published file; one that somebody else could have put there is none."""
    file = home / name
    if not _is_running(home) or any(path.lstat().st_uid != os.geteuid() for path in (home, file)):
        raise NotRunning
    return file.read_text()


def _is_running(home: Path) -> bool:
    if not (home / _SETTINGS).exists():
        return False
    with (home / _LOCK).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
