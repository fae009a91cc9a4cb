"""Where the house stands, and what it is made of."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("api", "workers", "saga", "domain", "kit", "ops", "migrations")
_NOT_OURS = {".git", ".venv", ".orderx", "node_modules", "dist", "build"}


def sources(*rooms: str) -> Iterator[Path]:
    """The Python files of these rooms (none named: of all)."""
    for room in rooms or ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text())


def module_of(path: Path) -> str:
    """`kit/db.py` is `kit.db`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def project_files(*suffixes: str) -> Iterator[Path]:
    """Every file of the project with one of these suffixes ("" for those without one)."""
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        ours = _NOT_OURS.isdisjoint(parts) and not any(part.endswith(("_cache", "__pycache__")) for part in parts)
        if ours and path.suffix in suffixes and path.is_file():
            yield path
