"""The import contracts in pyproject.toml hold, and cover every package."""

import tomllib

import pytest
from importlinter.cli import lint_imports

from tests.guards.source_tree import PACKAGES, ROOT

LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


class TestPackages:
    def test_keep_every_contract(self, capsys):
        if lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True) != 0:
            pytest.fail(capsys.readouterr().out, pytrace=False)

    def test_are_all_covered_by_the_contracts(self):
        assert set(LINTER["root_packages"]) == set(PACKAGES)

    def test_have_a_docstring_in_each_module(self):
        undocumented = [
            path.relative_to(ROOT)
            for package in PACKAGES
            for path in (ROOT / package).rglob("*.py")
            if path.stat().st_size and not path.read_text().startswith('"""')
        ]
        assert undocumented == []
