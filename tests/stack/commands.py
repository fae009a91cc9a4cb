"""Run `orderx` commands against a running stack."""

import json
import subprocess
import sys

from ops.stack import Stack


def orderx(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    """Run an `orderx` command against the stack."""
    command = [sys.executable, "-m", "ops.cli", *words]
    return subprocess.run(command, env=stack.env_for(*words), capture_output=True, text=True, timeout=180, check=False)


def books_are_clean(stack: Stack) -> bool:
    """Whether `orderx check --at-rest` has no findings."""
    proof = orderx(stack, "check", "--at-rest", "--wait", "120", "--json")
    findings = {rule: rows for rule, rows in json.loads(proof.stdout)["findings"].items() if rows}
    assert findings == {}, findings
    return proof.returncode == 0
