import threading
from contextlib import suppress

import psycopg
import pytest

from kit import db
from kit.ids import new_id
from saga.engine.definition import then
from saga.engine.journal import SagaNotFound, locked
from saga.engine.locked_saga import SagaRef
from tests.saga.engine.saga_harness import outbox


@pytest.fixture
def begun(harness, script):
    """A saga that has just started, and the statements that run from then on."""
    ref, deliveries = harness.start(harness.saga(then(script.step("fold"))))
    return ref, deliveries.find


@pytest.fixture
def statements(monkeypatch):
    seen = []

    class Noting(psycopg.Cursor):
        def execute(self, query, *rest, **options):
            seen.append(" ".join(query.split())[:40])
            return super().execute(query, *rest, **options)

    with db.transaction():
        pass
    with db.app_engine().connect() as connection:
        monkeypatch.setattr(connection.connection.dbapi_connection, "cursor_factory", Noting)
        connection.close()
    return seen


class TestLocked:
    def test_writes_everything_in_one_statement(self, begun, statements, harness):
        ref, find = begun
        with locked(ref, find) as saga:
            step = saga.definition.steps["fold"]
            saga.step_state(step).state = "running"
            saga.record_event("begun", step)
            saga.record_event("something", None, {"more": 1})
            saga.send_task("toys.fold")
            saga.send_task("toys.cut")
            statements.clear()
        assert len(statements) == 1
        assert harness.steps(ref) == {"fold": "running"}
        assert harness.events(ref) == ["started", "fold begun", "something"]
        assert [body["task"] for body in outbox()] == ["toys.fold", "toys.cut"]

    def test_writes_nothing_without_events(self, begun, statements):
        with locked(*begun):
            statements.clear()
        assert statements == []

    def test_writes_nothing_when_the_block_raises(self, begun, harness):
        ref, find = begun
        with suppress(ZeroDivisionError), locked(ref, find) as saga:
            saga.state = "stuck"
            saga.record_event("stuck")
            raise ZeroDivisionError
        assert harness.state(ref) == "running"
        assert harness.events(ref) == ["started"]

    def test_writes_only_the_steps_with_events(self, harness, script):
        ref, deliveries = harness.start(harness.saga(then(script.step("fold")), then(script.step("cut"))))
        with locked(ref, deliveries.find) as saga:
            saga.steps["cut"].state = "done"
            saga.record_event("begun", saga.definition.steps["fold"])
        assert harness.steps(ref)["cut"] == "pending"

    def test_refuses_an_unknown_saga(self, harness, begun):
        with pytest.raises(SagaNotFound), locked(SagaRef(new_id(), harness.company_id), begun[1]):
            pass

    def test_refuses_the_saga_of_another_company(self, begun):
        ref, find = begun
        with pytest.raises(SagaNotFound), locked(SagaRef(ref.saga_id, new_id()), find):
            pass

    def test_admits_one_holder_at_a_time_who_sees_the_last_ones_changes(self, begun):
        ref, find = begun
        seen = []

        def count_up():
            with locked(ref, find) as saga:
                step = saga.definition.steps["fold"]
                seen.append(saga.step_state(step).attempts)
                saga.step_state(step).attempts += 1
                saga.record_event("begun", step)

        threads = [threading.Thread(target=count_up) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == [0, 1, 2, 3, 4, 5]
