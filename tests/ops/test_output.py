"""Output of commands: encodings, widths, a full disk, a closed pipe."""

import json
import os
import re
import subprocess
import sys

import pytest
import typer

from ops import cli
from tests.guards.source_tree import ROOT

pytestmark = pytest.mark.processes


def every_command():
    """The words of every command there is, groups included."""

    def walk(command, words):
        yield words
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, [*words, name])

    return list(walk(typer.main.get_command(cli.app), []))


EVERY_COMMAND = every_command()


def orderx(*words, stdout=subprocess.PIPE, **env):
    settings = {name: value for name, value in os.environ.items() if not name.startswith("ORDERX_")}
    command = [sys.executable, "-m", "ops.cli", *words]
    return subprocess.run(
        command, env={**settings, **env}, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )


def options(words):
    command = typer.main.get_command(cli.app)
    for word in words:
        command = command.commands[word]
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


PRINTS = [["--help"], ["--version"], ["saga", "list", "--help"], ["saga", "draw", "place_order"], ["saga", "rehearse",
          "place_order", "--json"]]  # fmt: skip
printing = pytest.mark.parametrize("words", PRINTS, ids=" ".join)


class TestFullDisk:
    @printing
    def test_is_reported_in_one_line(self, words):
        with open("/dev/full", "w") as full:  # noqa: PTH123
            ended = orderx(*words, stdout=full)
        assert (ended.returncode, ended.stderr) == (1, "orderx: cannot write: No space left on device\n")

    def test_does_not_stop_a_process_that_only_logs(self):
        code = "import logging, structlog, sys; from kit.process import logs; logs.configure(); logs.configure_stdlib()"
        code += "; structlog.get_logger().info('a'); logging.getLogger('b').warning('b'); print('on', file=sys.stderr)"
        with open("/dev/full", "w") as full:  # noqa: PTH123
            ended = subprocess.run(
                [sys.executable, "-c", f"{code}; import os; os._exit(0)"],
                stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
        assert (ended.returncode, ended.stderr) == (0, "on\n")


class TestClosedPipe:
    @printing
    def test_ends_the_command_silently(self, words):
        read, write = os.pipe()
        os.close(read)
        try:
            ended = orderx(*words, stdout=write)
        finally:
            os.close(write)
        assert (ended.returncode, ended.stderr) == (1, "")


class TestNarrowScreen:
    def test_of_twenty_columns_shows_every_option_in_full(self):
        code = (
            "import json, sys; from ops.commands import output; output.prepare();"
            "from typer.testing import CliRunner; from ops.cli import app;"
            "shown = [CliRunner().invoke(app, [*words, '--help']).output for words in json.loads(sys.argv[1])];"
            "print(json.dumps(shown))"
        )
        command = [sys.executable, "-c", code, json.dumps(EVERY_COMMAND)]
        narrow = {**os.environ, "COLUMNS": "20"}
        shown = json.loads(subprocess.run(command, env=narrow, capture_output=True, check=True).stdout)
        for words, text in zip(EVERY_COMMAND, shown, strict=True):
            assert options(words) <= set(re.findall(r"--[a-z][a-z-]*", text)), words
            assert "…" not in text, words


class TestEncoding:
    @printing
    def test_may_lack_printed_characters(self, words):
        ended = orderx(*words, PYTHONIOENCODING="ascii")
        assert (ended.returncode, ended.stderr) == (0, "")

    @pytest.mark.parametrize(("encoding", "tick", "cross"), [("ascii", "ok", "NOT OK"), ("utf-8", "✓", "✗")])
    def test_decides_which_symbols_are_printed(self, encoding, tick, cross):
        code = (
            "from ops.commands import check, output; from ops.check import Finding; output.prepare();"
            "check._print([('good [rule]', []), ('bad rule', [Finding('bad rule', 'Zoë → [row]')])])"
        )
        ended = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True, text=True, encoding=encoding, check=True,
        )  # fmt: skip
        name = "Zoë →" if encoding == "utf-8" else r"Zo\xeb \u2192"
        assert ended.stdout.splitlines() == [
            f"{tick} good [rule]", f"{cross} bad rule", f"    {name} [row]", "1 rows are inconsistent.",
        ]  # fmt: skip


class TestVersion:
    def test_is_that_of_the_project(self):
        (version,) = re.findall(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
        assert orderx("--version").stdout == f"orderx {version}\n"
