"""Where the house stands, and what it is made of."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "workers", "saga", "domain", "kit", "ops", "migrations")
_MADE_BY_TOOLS = re.compile(r"\.(git|venv|orderx|hypothesis|\w+_cache)|__pycache__|dist|.+\.egg-info")


def sources(*rooms: str) -> Iterator[Path]:
    """The Python files of these rooms (none named: of all)."""
    for room in rooms or ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text())


def module_of(path: Path) -> str:
    """`kit/db/__init__.py` is `kit.db`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def project_files(*suffixes: str) -> Iterator[Path]:
    """Every file of the project with one of these suffixes ("" for those without one)."""
    for path in sorted(ROOT.rglob("*")):
        made = any(_MADE_BY_TOOLS.fullmatch(part) for part in path.relative_to(ROOT).parts)
        if not made and path.suffix in suffixes and path.is_file():
            yield path
