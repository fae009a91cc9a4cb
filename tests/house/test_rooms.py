"""Imports go down the stairs, never up: the contracts in pyproject.toml, kept."""

import tomllib

import pytest
from importlinter.cli import lint_imports

from tests.house.places import ROOMS, ROOT

LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


class TestRooms:
    def test_keep_every_contract(self, capsys):
        if lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True) != 0:
            pytest.fail(capsys.readouterr().out, pytrace=False)

    def test_are_all_under_contract(self):
        assert set(LINTER["root_packages"]) == set(ROOMS)

    def test_say_what_each_is_for(self):
        silent = [
            path.relative_to(ROOT)
            for room in ROOMS
            for path in (ROOT / room).rglob("*.py")
            if path.stat().st_size and not path.read_text().startswith('"""')
        ]
        assert silent == []
