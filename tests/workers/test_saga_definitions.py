"""No process starts when a saga definition was changed under the same version while such sagas are open."""

import psycopg
import pytest

from kit.errors import NotConfigured
from saga.engine import fingerprints
from saga.engine.definition import Saga
from saga.place_order import PLACE_ORDER
from saga.registry import SAGAS
from tests import factories
from tests.connections import reconnect
from workers import saga_definitions

OPEN_SAGA = """
    INSERT INTO sagas (id, company_id, name, version, subject_id, tags, started_at, due_at, ended_at, state)
    VALUES (gen_random_uuid(), %s, 'place_order', 1, gen_random_uuid(), '{}', now(), now(), NULL, %s)"""


@pytest.fixture
def changed(database):
    """The database of a release whose place_order had a stage less, with two of its sagas open."""
    earlier = Saga("place_order", *PLACE_ORDER.stages[:-1], when_done=PLACE_ORDER.when_done, when_undone=print)
    fingerprints.record([earlier])
    company = factories.make_company()
    with psycopg.connect(database, autocommit=True) as owner:
        for state in ("running", "stuck"):
            owner.execute(OPEN_SAGA, [company.id, state])
    return database


@pytest.mark.processes
class TestRequireUnchanged:
    @pytest.mark.parametrize("process", ["worker", "sweeper", "api"])
    def test_keeps_the_process_from_starting_and_says_what_to_do_in_one_line(self, changed, run_command, process):
        code, printed = run_command(process, env={"ORDERX_BROKER_URL": "amqp://127.0.0.1:1//"})
        assert code == 1
        assert printed.startswith(
            "orderx: place_order version 1 has changed while 2 of its sagas are open: restore its definition, and "
            "declare the changed one as a new version (docs/tour.md, Change a saga). "
        )
        assert printed.count("\n") == 1

    def test_lets_the_release_start_once_these_sagas_have_ended(self, changed):
        with psycopg.connect(changed, autocommit=True) as owner:
            owner.execute("UPDATE sagas SET state = 'done', ended_at = now()")
        saga_definitions.require_unchanged()

    def test_records_every_saga_of_the_release(self, database):
        saga_definitions.require_unchanged()
        with psycopg.connect(database) as owner:
            names = owner.execute("SELECT name, version FROM saga_definitions").fetchall()
        assert set(names) == {(saga.name, saga.version) for saga in SAGAS}

    def test_does_not_wait_for_a_database_that_is_down(self, monkeypatch):
        monkeypatch.setenv("ORDERX_DATABASE_URL", "postgresql://app:x@127.0.0.1:1/orderx")
        reconnect()
        saga_definitions.require_unchanged()
        monkeypatch.undo()
        reconnect()

    def test_says_which_command_brings_a_database_of_an_older_release_up_to_date(self, database):
        rename = "ALTER FUNCTION record_saga_definition(text, int, text, text) RENAME TO {}"
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute(rename.format("elsewhere"))
            try:
                with pytest.raises(NotConfigured, match="run `orderx migrate` first"):
                    saga_definitions.require_unchanged()
            finally:
                owner.execute("ALTER FUNCTION elsewhere(text, int, text, text) RENAME TO record_saga_definition")
