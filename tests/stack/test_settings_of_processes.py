"""Each process of a running stack has only the settings that it reads, and secrets are not readable by others."""

import os
from pathlib import Path

import pytest
import requests

from ops import command_settings
from ops.commands.up import urls
from ops.services.process import Process
from ops.services.process_tree import descendants
from ops.stack import Stack
from tests.stack.shop import Shop

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("stack"), pytest.mark.slow]

BACKING = {"postgres", "rabbitmq", "valkey", "forkserver"}


def family_of(process: Process) -> list[int]:
    return [process.pid, *descendants(process.pid)]


def environment(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(line.decode(errors="replace").split("=", 1) for line in lines if b"=" in line)


def settings(pid: int) -> dict[str, str]:
    return {name: value for name, value in environment(pid).items() if name.startswith(("ORDERX_", "FLOWER_"))}


def secrets(stack: Stack) -> dict[str, str]:
    """All passwords and keys of the stack, by setting."""
    files = [*(stack.home / "secrets").iterdir(), *stack.home.glob("*/password")]
    return {str(file.relative_to(stack.home)): file.read_text() for file in files}


@pytest.fixture
def executed(stack: Stack):
    """OrderX's processes started without the fork server, so that /proc shows the environment of each."""
    stack["forkserver"].kill()
    processes = [process for process in stack.processes if process.name not in {*BACKING, "migrate"}]
    for process in processes:
        process.stop()
        process.start()
    yield processes
    stack["forkserver"].start()
    for process in processes:
        process.stop()
        process.start()


class TestSettings:
    def test_of_each_process_are_what_its_command_reads(self, stack: Stack, executed):
        for process in executed:
            words = process.argv[3:]
            expected = {name for name in command_settings.declared(words) if name in stack.env}
            flower = {"FLOWER_BROKER_API"} if words[0] == "flower" else set()
            for pid in family_of(process):
                assert settings(pid).keys() == expected | flower, process.name

    def test_are_enough_for_an_order(self, stack: Stack):
        assert Shop(stack, on_hand=3).order(wait=20).json()["status"] == "paid"

    def test_are_not_given_to_servers_nor_to_the_fork_server(self, stack: Stack):
        for name in BACKING:
            assert [settings(pid) for pid in family_of(stack[name])] == [{} for _ in family_of(stack[name])], name


class TestSecrets:
    def test_are_in_no_command_line(self, stack: Stack):
        lines = [Path(f"/proc/{pid}/cmdline").read_bytes().decode() for pid in descendants(os.getpid())]
        assert len(lines) > len(stack.processes)
        leaked = [where for where, secret in secrets(stack).items() if any(secret in line for line in lines)]
        assert leaked == []

    def test_are_in_no_log(self, stack: Stack):
        logs = {log.name: log.read_text(errors="replace") for log in stack.logs.glob("*.log")}
        assert len(logs) >= len(stack.processes)
        assert [(where, log) for where, secret in secrets(stack).items() for log in logs if secret in logs[log]] == []

    def test_are_not_on_the_pages_of_flower(self, stack: Stack):
        for page in ("workers", "broker", "api/workers?refresh=true"):
            shown = requests.get(f"{stack.flower_url}/{page}", timeout=30).text
            assert [where for where, secret in secrets(stack).items() if secret in shown] == [], page

    def test_are_not_printed(self, stack: Stack):
        printed = str(urls(stack))
        assert [where for where, secret in secrets(stack).items() if secret in printed] == []

    def test_are_in_files_readable_by_the_owner_only(self, stack: Stack):
        files = [*(stack.home / "secrets").iterdir(), *stack.home.glob("*/password")]
        assert len(files) >= 7
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
