"""Run `orderx` commands against a running stack."""

import subprocess
import sys

from ops.stack import Stack


def orderx(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    """Run an `orderx` command against the stack."""
    command = [sys.executable, "-m", "ops.cli", *words]
    return subprocess.run(command, env=stack.env_for(*words), capture_output=True, text=True, timeout=180, check=False)


def books_are_clean(stack: Stack) -> bool:
    """Whether `orderx check --at-rest` has no findings.

    The command is forked from the stack's fork server, because most tests end with it, and its imports take a second.
    """
    words = ("check", "--at-rest", "--wait", "120", "--json")
    log = stack.home / "check.log"
    log.write_text("")
    forked = stack["forkserver"].fork(words, log=log, env=stack.env_for(*words))
    assert forked, "the fork server is not running"
    code = forked.wait(timeout=180)
    assert code == 0, log.read_text()
    return True
