"""One row of history per transaction: the downgrade writes one per transition again."""

import os

import psycopg
import pytest
from alembic import command

from migrations import run
from ops.services.postgres import create_database, drop_database, with_login
from tests.migrations.test_plain_names import FILLED

JOINED = """
    INSERT INTO saga_events (saga_id, company_id, transitions, happened_at)
    SELECT id, company_id,
        '[["begun", "fold"], ["done", "fold", {"sheets": 2}], ["advanced", null, {"stage": 1}]]', now()
    FROM sagas"""
ROWS = "SELECT event, step, detail FROM saga_events ORDER BY id"


@pytest.fixture
def filled():
    """The owner's URL of a database with an ended saga, before the revision."""
    owner, name = os.environ["ORDERX_OWNER_DATABASE_URL"], f"orderx_saga_history_{os.getpid()}"
    drop_database(owner, name)
    create_database(owner, name)
    url = with_login(owner, database=name)
    command.upgrade(run.alembic_config(url), "0028")
    with psycopg.connect(url) as connection:
        connection.execute(FILLED)
    command.upgrade(run.alembic_config(url), "20261129_hot_mails")
    yield url
    drop_database(owner, name)


def test_the_downgrade_keeps_every_transition_in_its_order(filled):
    with psycopg.connect(filled) as connection:
        before = connection.execute(ROWS).fetchall()
    command.upgrade(run.alembic_config(filled), "20261129_saga_history")
    with psycopg.connect(filled) as connection:
        connection.execute(JOINED)
    run.downgrade(owner_url=filled, revision="20261129_hot_mails")
    with psycopg.connect(filled) as connection:
        after = connection.execute(ROWS).fetchall()
    joined = [("begun", "fold", None), ("done", "fold", {"sheets": 2}), ("advanced", None, {"stage": 1})]
    assert after == [("started", None, None), *(row for row in before if row[0] != "started"), *joined]
