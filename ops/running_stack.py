"""The data directory of `orderx up`, and the settings that it writes there for other commands."""

import fcntl
import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from kit.errors import Conflict, NotFound
from ops import command_settings
from ops.services import directories
from ops.services.postgres_binaries import unprivileged_user

_SETTINGS, _URLS, _LOCK = "env", "urls.json", "lock"


class AlreadyRunning(Conflict):
    """A stack is already running in this folder."""

    code = "already_running"


class NotRunning(NotFound):
    """No stack is running in this folder: `orderx up` starts one."""

    code = "not_running"


def default_directory() -> Path:
    """`.orderx` in the working directory, or under /var/tmp if root runs and PostgreSQL's user cannot reach that."""
    here = Path.cwd()
    user = unprivileged_user()
    if user is None or directories.reachable(here, user):
        return here / ".orderx"
    digest = hashlib.sha256(str(here).encode()).hexdigest()[:12]
    return Path("/var/tmp") / f"orderx-{os.geteuid()}-{digest}"  # noqa: S108 - made safely by directories.make


@contextmanager
def lock(home: Path) -> Iterator[Path]:
    """Lock the directory for one stack; raises AlreadyRunning if another stack has locked it."""
    with (directories.make(home) / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"a stack is already running in {home}") from None
        yield home


def write_settings_and_urls(home: Path, *, settings: Mapping[str, str], urls: Mapping[str, str]) -> None:
    """Write the stack's settings and URLs to private files, for other commands of this user."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(settings.items())]
    directories.write_private(home / _SETTINGS, "".join(lines))
    directories.write_private(home / _URLS, json.dumps(dict(urls)))


def delete_settings_and_urls(home: Path) -> None:
    """Delete the two files when the stack stops."""
    for name in (_SETTINGS, _URLS):
        (home / name).unlink(missing_ok=True)


def urls(home: Path) -> dict[str, str]:
    """URLs of the running stack, by name; raises NotRunning."""
    urls_by_name: dict[str, str] = json.loads(_read(home, _URLS))
    return urls_by_name


def use_settings(args: Sequence[str]) -> None:
    """Use the running stack's settings for an operator command, if the environment sets none that the command reads.

    Settings from both would mix the data of two systems.
    """
    if not args or args[0] not in command_settings.OPERATOR_COMMANDS:
        return
    declared = command_settings.declared(args[:1])
    if declared & os.environ.keys() <= {"ORDERX_LOG_LEVEL"}:
        try:
            lines = _read(default_directory(), _SETTINGS).splitlines()
        except (OSError, NotRunning):
            return
        settings = dict(shlex.split(line)[0].split("=", 1) for line in lines)
        os.environ.update({name: settings[name] for name in declared & settings.keys()})


def _read(home: Path, name: str) -> str:
    """The contents of one of the two files; raises NotRunning if no stack runs, or if another user owns the file."""
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
