"""File lengths, line ends, and no names of package or image registries."""

import math
import re

import pytest

from tests.guards.source_tree import PACKAGES, ROOT, project_files, sources

LONGEST = 300
"""Lines. A longer file needs a reason in ALLOWED."""

MAX_LINES, MAX_LINES_P90 = 250, 150
"""Lines of a product file at most, and of nine files in ten of each top-level package."""

ALLOWED = {
    "migrations/versions/0001_first_schema.py": "a schema is written down whole",
    "tests/domain/payments/test_stripe_gateway.py": "the whole port against the whole wire protocol",
}

# In parts, so that this file passes its own test.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs"),
        ("ghcr", "io"),
        ("quay", "io"),
        ("gcr", "io"),
        ("docker", "io"),
        ("deb", "debian"),
    )
]
TEXT = ("", ".py", ".md", ".yml", ".yaml", ".toml", ".txt", ".conf", ".sh", ".example", ".j2", ".html", ".css", ".mako")


class TestLength:
    def test_is_kept_or_has_a_reason(self):
        lengths = {
            str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in project_files(".py")
        }  # fmt: skip
        long = {name: lines for name, lines in lengths.items() if lines > LONGEST}
        assert long.keys() - ALLOWED.keys() == set(), f"longer than {LONGEST} lines: split them, or say why not"
        assert ALLOWED.keys() - long.keys() == set(), "these are short enough now: take them off the list"

    @pytest.mark.parametrize("package", PACKAGES)
    def test_is_short_in_every_package(self, package):
        files = [path for path in sources(package) if path.parent.name != "versions"]
        lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in files}
        assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}
        longest = sorted(lengths, key=lambda path: -lengths[path])[: len(lengths) - math.ceil(0.9 * len(lengths)) + 1]
        assert lengths[longest[-1]] <= MAX_LINES_P90, f"too many long files: {longest}"


class TestText:
    def test_names_no_registry(self):
        hosts = re.compile("|".join(map(re.escape, REGISTRIES)))
        naming = [path.relative_to(ROOT) for path in project_files(*TEXT) if hosts.search(path.read_text("utf-8"))]
        assert naming == []

    def test_ends_with_a_newline_and_has_no_windows_line_ends(self):
        odd = [
            path.relative_to(ROOT)
            for path in project_files(*TEXT)
            if (said := path.read_bytes()) and (not said.endswith(b"\n") or b"\r\n" in said)
        ]
        assert odd == []
