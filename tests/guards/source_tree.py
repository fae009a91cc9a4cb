"""The project's files: its root, its packages, its source files and their syntax trees."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "workers", "saga", "domain", "kit", "ops", "migrations")
_GENERATED = re.compile(r"\.(git|venv|orderx|hypothesis|\w+_cache)|__pycache__|dist|.+\.egg-info")


def sources(*packages: str) -> Iterator[Path]:
    """The Python files of the given packages; of all packages if none is given."""
    for package in packages or PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text())


def module_of(path: Path) -> str:
    """The dotted module name of a file: `kit/db/__init__.py` is `kit.db`."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def project_files(*suffixes: str) -> Iterator[Path]:
    """Every file of the project with one of these suffixes ("" for files without one), generated files excluded."""
    for path in sorted(ROOT.rglob("*")):
        generated = any(_GENERATED.fullmatch(part) for part in path.relative_to(ROOT).parts)
        if not generated and path.suffix in suffixes and path.is_file():
            yield path
