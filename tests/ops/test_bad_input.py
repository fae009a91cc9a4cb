"""Bad input to the commands of operators: one line on stderr that names the field, and nothing is written."""

import os
import shlex
import subprocess
import sys
from functools import partial
from uuid import uuid4

import psycopg
import pytest

from ops.cli import app
from ops.commands import failures
from ops.services.postgres import with_login
from tests.ops.test_cli import NOWHERE
from tests.saga.order_scenario import OrderScenario

UNKNOWN = str(uuid4())

USAGE = {
    "schedules run": "argument 'name'",
    "schedules --limit 3": "no such option: --limit",
    "jobs --state nope": "'nope' is not one of 'running', 'succeeded', 'failed', 'cancelled'",
    "jobs --limit -1": "'--limit'",
    "jobs --limit x": "'--limit'",
    "jobs --limit 99999999999999999999": "'--limit'",
    "jobs cancel nope": "'job_id'",
    "jobs nope": "no such command 'nope'",
    "events --format nope": "'--format'",
    "events --json --format markdown": "'--format': 'markdown' cannot be combined with --json",
    "permissions --json --format markdown": "'--format': 'markdown' cannot be combined with --json",
    "events replay --since 2026-01-01": "'--consumer'",
    "events replay --consumer notification.events": "'--since'",
    "events replay --consumer notification.events --since nope": "'--since': 'nope' is no time; give a date or a time",
    "events replay --consumer notification.events --since 1960-01-01": "'--since': '1960-01-01' is not between 1970",
    "events replay --consumer notification.events --since 0001-01-01": "'--since'",
    "events replay --consumer notification.events --since 2999-01-01": "'--since'",
    "events replay --consumer notification.events --since 2026-01-02 --until 2026-01-01": "'--until': it must be later",
    "reconcile --since nope": "'--since': 'nope' is no time",
    "reconcile --since 2999-01-01": "'--since'",
    "saga signal nope x --reason r": "'saga_or_order'",
    f"saga signal {UNKNOWN} x": "'--reason'",
    f"saga signal {UNKNOWN} x --reason ' '": "'--reason'",
    f"saga signal {UNKNOWN} x --reason r --by ''": "'--by'",
    f"saga signal {UNKNOWN} x --reason r --payload nope": "'--payload': it is not JSON",
    f"saga signal {UNKNOWN} x --reason r --payload []": "'--payload': give a JSON object",
    f"""saga signal {UNKNOWN} x --reason r --payload '{{"a": NaN}}'""": "'--payload': it is not JSON: NaN",
    "saga list --state nope": "'--state': there is no state nope; there are running",
    "saga list --limit 0": "'--limit'",
    "saga list --tag nope": "'--tag': write a tag as name=value",
    "saga list --tag =x": "'--tag'",
    "saga list --tag a=": "'--tag'",
    "saga list --stuck --company nope": "'--company'",
    "saga list --stuck --saga nope": "'--saga': no saga is called 'nope'; there are",
    "saga list --stuck --step nope": "'--step': no step is called 'nope'; there are",
    "saga list --stuck --step ''": "'--step'",
    "saga list --stuck --reason ''": "'--reason': it is blank",
    "saga list --stuck --state done": "--stuck can be combined only with",
    "saga rehearse nope": "'name': no saga is called 'nope'; there are",
    "saga rehearse place_order --failing nope": "'--failing'",
    "saga rehearse place_order --expiring nope": "'--expiring'",
    "saga retry --reason r": "give ids, or select by",
    "saga retry --step nope --reason r": "'--step'",
    f"saga resolve {UNKNOWN} --reason r": "'--as'",
    f"saga resolve {UNKNOWN} --reason r --as nope": "'--as'",
    "account remove-second-factor": "'email'",
    "account remove-second-factor a@b.example --reason ''": "'--reason'",
    "check --wait -1": "'--wait'",
    "check --wait nan": "'--wait'",
    "check nope": "(nope)",
    "dead list --limit 0": "'--limit'",
    "dead discard": "'ids'",
}
"""What is wrong with the command line itself."""

REFUSED = {
    "schedules run nope": "no schedule is called 'nope'",
    f"jobs cancel {UNKNOWN}": "no job has this id",
    f"jobs retry {UNKNOWN}": "no job has this id",
    "events replay --consumer nope --since 2026-01-01": "no consumer is called 'nope'; there are notification.events",
    f"saga signal {UNKNOWN} x --reason r": f"there is no saga {UNKNOWN}",
    "saga signal ORDER nope --reason r": "no wait for nope",
    f"saga show {UNKNOWN}": f"there is no saga {UNKNOWN}",
    f"saga list --stuck --company {UNKNOWN}": f"--company: no company has the id {UNKNOWN}",
    f"saga retry --company {UNKNOWN} --reason r": f"--company: no company has the id {UNKNOWN}",
    "account remove-second-factor nope --reason r": "no user has the mail address 'nope'",
}
"""What is well-formed, but names something that does not exist."""


@pytest.fixture
def rows(database):
    """Counts the rows of every table."""
    tables = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    with psycopg.connect(database, autocommit=True) as owner:
        names = [name for (name,) in owner.execute(tables)]
        yield lambda: {name: owner.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


@pytest.fixture
def said(capsys):
    """Runs the command: its exit code, and what it wrote to stdout and to stderr."""

    def saying(words):
        capsys.readouterr()  # what was logged before
        with pytest.raises(SystemExit) as exited:
            failures.report_in_one_line(partial(app, words, prog_name="orderx", standalone_mode=False))
        return exited.value.code, *capsys.readouterr()

    return saying


class TestBadInput:
    def test_is_explained_in_one_line_and_writes_nothing(self, database, rows, said):
        order = str(OrderScenario(database, price=0).place())
        before, wrong = rows(), {}
        for code, cases in ((2, USAGE), (1, REFUSED)):
            for line, expected in cases.items():
                exit_code, out, err = said([order if word == "ORDER" else word for word in shlex.split(line)])
                is_explained = err.startswith("orderx: ") and err.count("\n") == 1 and expected in err
                if (exit_code, out) != (code, "") or not is_explained:
                    wrong[line] = (exit_code, out, err)
        assert wrong == {}
        assert rows() == before

    def test_names_the_command_whose_help_explains_it(self, said):
        assert said(["jobs", "--limit", "0"])[2].endswith("; see `orderx jobs --help`\n")


class TestDatabase:
    def run(self, *words, **env):
        command = [sys.executable, "-m", "ops.cli", *words]
        done = subprocess.run(
            command, env={"PATH": "/usr/bin", **env}, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stderr

    def test_that_is_missing_is_named_with_the_fix(self):
        code, line = self.run("jobs")
        assert (code, line.count("\n")) == (1, 1)
        assert line.startswith("orderx: ORDERX_OPERATOR_DATABASE_URL is not set")
        assert "`orderx up` starts one" in line

    @pytest.mark.parametrize("words", [("jobs",), ("schedules",), ("saga", "list"), ("schedules", "run", "x")])
    def test_without_our_schema_is_named_with_the_fix(self, database, words):
        empty = with_login(os.environ["ORDERX_OPERATOR_DATABASE_URL"], database="postgres")
        code, line = self.run(*words, **NOWHERE | {"ORDERX_OPERATOR_DATABASE_URL": empty})
        assert (code, line) == (
            1, "orderx: the database does not have this release's schema: run `orderx migrate`\n",
        )  # fmt: skip
