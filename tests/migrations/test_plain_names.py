"""The upgrade to plain names: a database filled at the revision before keeps its rows, and the API works on it."""

import os
import subprocess
import sys
from pathlib import Path

import orjson
import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from migrations import run, stop
from ops.services.postgres import create_database, drop_database, with_login
from tests.guards.source_tree import ROOT

pytestmark = pytest.mark.processes

BEFORE, REVISION = "0028", "20261129_plain_names"
FILLED = Path(__file__).with_name("filled_at_0028.sql").read_text()
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
OPEN = {
    "saga": "UPDATE sagas SET state = 'running', ended_at = NULL",
    "message": "INSERT INTO outbox (kind, body) VALUES ('task', '{}')",
}
CLOSE = "UPDATE sagas SET state = 'done', ended_at = now(); DELETE FROM outbox"


@pytest.fixture
def filled():
    """The owner's URL of a database of revision 0028 with a row in every table but the outbox."""
    owner, name = os.environ["ORDERX_OWNER_DATABASE_URL"], f"orderx_plain_names_{os.getpid()}"
    drop_database(owner, name)
    create_database(owner, name)
    url = with_login(owner, database=name)
    command.upgrade(run.alembic_config(url), BEFORE)
    with psycopg.connect(url) as connection:
        connection.execute(FILLED)
    yield url
    drop_database(owner, name)


def rows_of(url):
    """All rows by table, without the revision."""
    with psycopg.connect(url) as connection:
        tables = [name for (name,) in connection.execute(TABLES) if name != "alembic_version"]
        read = "SELECT to_jsonb(t) FROM {} t ORDER BY t::text"
        return {table: [row for (row,) in connection.execute(read.format(table))] for table in tables}


def renamed(rows):
    """The rows under the names of the migration."""
    migration = ScriptDirectory.from_config(run.alembic_config()).get_revision(REVISION).module
    found = {}
    for old, content in rows.items():
        table = migration.TABLES.get(old, old)
        columns = migration.COLUMNS.get(table, {})
        found[table] = [{columns.get(column, column): value for column, value in row.items()} for row in content]
    for row in found["api_keys"]:
        row["permissions"] = [migration.PERMISSIONS.get(each, each) for each in row["permissions"]]
    return found


class TestUpgrade:
    def test_keeps_every_row_and_so_does_the_downgrade(self, filled):
        before = rows_of(filled)
        assert [table for table, rows in before.items() if not rows] == ["outbox"]
        command.upgrade(run.alembic_config(filled), REVISION)
        after = rows_of(filled)
        for table, rows in renamed(before).items():
            kept = [{column: row[column] for column in rows[0]} for row in after[table]]
            assert kept == rows, table
        run.downgrade(owner_url=filled, revision=BEFORE)
        assert rows_of(filled) == before

    @pytest.mark.parametrize("what", OPEN)
    def test_refuses_while_something_is_open_and_changes_nothing(self, filled, what):
        before = rows_of(filled)
        with psycopg.connect(filled) as connection:
            connection.execute(OPEN[what])
        with pytest.raises(stop.WorkUnderWay):
            run.upgrade(owner_url=filled)
        assert rows_of(filled).keys() == before.keys()
        with psycopg.connect(filled) as connection:
            connection.execute(CLOSE)
        assert run.upgrade(owner_url=filled)

    def test_leaves_data_on_which_the_api_works(self, filled):
        app = with_login(filled, user="orderx_app_login", password="for-tests-alone")
        run.upgrade(owner_url=filled, app_url=app)
        answered = subprocess.run(
            [sys.executable, "-m", "tests.migrations.app_on_old_data"],
            cwd=ROOT, env={**os.environ, "ORDERX_DATABASE_URL": app}, check=True, capture_output=True,
        ).stdout  # fmt: skip
        responses = orjson.loads(answered.splitlines()[-1])
        assert {name: response["status"] for name, response in responses.items()} == dict.fromkeys(responses, 200)
        [session] = responses["sessions"]["body"]["data"]
        assert (session["ip_address"], session["device"], session["is_current"]) == ("203.0.113.7", "Firefox", True)
        [saga] = responses["timeline"]["body"]["data"]
        assert [step["step"] for step in saga["steps"]] == ["reserve_stock"]
        assert [event["event"] for event in saga["events"]] == ["started", "done", "completed"]
