"""`orderx schedules` lists the schedules and runs one now."""

import json

import pytest
from typer.testing import CliRunner

from kit import clock
from kit.schedules import runs
from ops.cli import app
from workers import schedules

NAME = "close_due_companies"


@pytest.fixture
def orderx(database):
    runs.register(schedules.declared(), now=clock.now())
    return lambda *words: CliRunner().invoke(app, ["schedules", *words], catch_exceptions=False)


def listed(orderx):
    return {each["name"]: each for each in json.loads(orderx("--json").stdout)}


class TestList:
    def test_shows_each_schedule(self, orderx):
        assert listed(orderx).keys() == schedules.declared().keys()
        assert "every 10 minutes" in orderx().stdout

    def test_shows_the_last_run_and_how_it_ended(self, orderx):
        run_id = runs.run_now(NAME, now=clock.now())
        assert listed(orderx)[NAME]["state"] == "sent"
        runs.start(NAME, run_id, now=clock.now())
        assert listed(orderx)[NAME]["state"] == "running"
        runs.finish(NAME, run_id, now=clock.now(), error="KeyError")
        last = listed(orderx)[NAME]
        assert (last["state"], last["outcome"], last["error"], last["failures"]) == ("waiting", "failed", "KeyError", 1)
        assert last["last_duration_seconds"] >= 0


class TestRun:
    def test_sends_it_to_the_workers(self, orderx):
        assert "sent to the workers" in orderx("run", NAME).stdout
        assert listed(orderx)[NAME]["state"] == "sent"

    def test_refuses_to_run_it_twice_at_once(self, orderx):
        orderx("run", NAME)
        with pytest.raises(runs.RunInProgress):
            orderx("run", NAME)
