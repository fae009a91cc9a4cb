"""The command `orderx reconcile`."""

import json
import os
import subprocess
import sys
from uuid import uuid4

import pytest

from domain.payments.stripe_gateway import gateway

SUMMARY = "payments compared: 1, skipped: 0,"


@pytest.fixture
def stray(database, provider):
    """A payment for an order that nobody knows: (the order's id, the payment's)."""
    order_id = uuid4()
    held = gateway().authorise(amount=1999, currency="EUR", method="pm_card_visa", order_id=order_id, key="stray")
    gateway().capture(ref=held.ref, key="taken")
    return str(order_id), held.ref


class TestReconcile:
    def test_does_what_the_dry_run_prints(self, orderx, stray, sandbox):
        order_id, ref = stray
        line = f"{order_id}  {ref}  captured (1999), and there is no such order: "
        summary = f"{SUMMARY} differing: 1, unresolved: 0\n"
        assert orderx("reconcile", "--dry-run") == (0, f"{line}would be refunded\n{summary}")
        assert sandbox.ledger()[0]["amount_refunded"] == 0
        assert orderx("reconcile") == (0, f"{line}refunded\n{summary}")
        assert sandbox.ledger()[0]["amount_refunded"] == 1999
        assert orderx("reconcile") == (0, f"{SUMMARY} differing: 0, unresolved: 0\n")

    def test_prints_a_line_of_json_for_each(self, orderx, stray):
        code, said = orderx("reconcile", "--json")
        assert (code, json.loads(said)) == (0, {
            "order_id": stray[0], "ref": stray[1], "outcome": "captured", "amount": 1999,
            "why": "there is no such order", "result": "refunded",
        })  # fmt: skip

    def test_exits_1_when_a_difference_is_left(self, orderx, stray, monkeypatch):
        kept = gateway().look_up(ref=stray[1])
        monkeypatch.setattr(gateway(), "void", lambda **_: kept)
        monkeypatch.setattr(gateway(), "refund", lambda **_: kept)
        code, said = orderx("reconcile")
        assert code == 1
        assert said.splitlines()[0].endswith("there is no such order: not refunded: captured")
        assert said.splitlines()[1] == f"{SUMMARY} differing: 1, unresolved: 1"

    def test_reports_an_invalid_time_as_a_usage_error(self, orderx):
        assert orderx("reconcile", "--since", "yesterday")[0] == 2

    @pytest.mark.processes
    def test_reports_in_one_line_that_the_provider_is_down(self, stray, sandbox):
        sandbox.kill()
        command = [sys.executable, "-m", "ops.cli", "reconcile"]
        ended = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith("orderx: The payment provider did not answer properly")
        assert ended.stderr.count("\n") == 1
