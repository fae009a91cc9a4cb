"""The image: what is in it, who runs it, and that signals reach it."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.guards.source_tree import PACKAGES, ROOT

INSTRUCTION = re.compile(r"^([A-Z]+) ((?:.*\\\n)*.*)$", re.MULTILINE)
STEPS = INSTRUCTION.findall((ROOT / "Dockerfile").read_text())
FINAL = STEPS[[number for number, (name, _) in enumerate(STEPS) if name == "FROM"][-1] :]
IGNORED = (ROOT / ".dockerignore").read_text().split("\n")


def copied() -> list[str]:
    return [source for name, rest in STEPS if name == "COPY" and "--from" not in rest for source in rest.split()[:-1]]


class TestImage:
    def test_contains_every_package(self):
        assert set(PACKAGES) <= set(copied())
        wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
        assert set(wheel["packages"]) == set(PACKAGES)

    def test_is_made_of_files_that_are_sent_to_the_builder(self):
        assert IGNORED[1] == "*"
        assert set(copied()) == {line[1:] for line in IGNORED if line.startswith("!")}
        assert [source for source in copied() if not (ROOT / source).exists()] == []

    def test_has_pinned_slim_bases(self):
        bases = [rest.split()[0] for name, rest in STEPS if name == "FROM"]
        assert len(bases) == 2
        assert [base for base in bases if not re.fullmatch(r"python:3\.\d+-slim", base)] == []

    def test_takes_the_versions_that_were_tested_together(self):
        assert any("--constraint constraints.txt" in rest for name, rest in STEPS if name == "RUN")

    def test_leaves_what_builds_it_behind(self):
        run = " ".join(rest for name, rest in FINAL if name == "RUN")
        assert "pip" not in run
        assert "apt" not in run
        assert [rest for name, rest in FINAL if name == "COPY"] == ["--from=build /venv /venv"]

    def test_is_not_run_by_root(self):
        assert [rest for name, rest in FINAL if name == "USER"] == ["orderx"]

    @pytest.mark.parametrize("instruction", ["ENTRYPOINT", "CMD"])
    def test_starts_without_a_shell_so_that_signals_reach_the_process(self, instruction):
        assert [rest[0] for name, rest in FINAL if name == instruction] == ["["]


class TestConstraints:
    def test_name_a_version_that_is_allowed_of_everything_that_is_asked_for(self):
        lines = (ROOT / "constraints.txt").read_text().splitlines()
        pinned = dict(line.split("==") for line in lines if "==" in line)
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        asked = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
        wrong = []
        for requirement in map(Requirement, asked):
            version = pinned.get(requirement.name.lower())
            if version is None or not requirement.specifier.contains(version):
                wrong.append(f"{requirement} is pinned to {version}")
        assert wrong == []
