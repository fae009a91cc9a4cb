from contextlib import suppress

import pytest
from psycopg.errors import UniqueViolation

from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from saga.engine.definition import then, together
from saga.engine.start import start
from tests.saga.engine.workshop import outbox


def count(workshop, table):
    [(number,)] = workshop.sql(f"SELECT count(*) FROM {table}")
    return number


class TestStart:
    @pytest.fixture
    def saga(self, workshop, script):
        return workshop.saga(together(script.step("fold"), script.step("cut")), then(script.step("glue")))

    @pytest.fixture
    def begin(self, workshop, saga):
        def beginning(subject_id=None, **more):
            return start(
                saga, subject_id=subject_id or new_id(), company_id=workshop.company_id, now=clock.now(), **more
            )

        return beginning

    def test_writes_saga_steps_history_and_first_message_at_once(self, workshop, begin):
        with db.transaction(Tenant(company_id=workshop.company_id)):
            begin()
        counts = {table: count(workshop, table) for table in ("sagas", "saga_steps", "saga_events")}
        assert counts == {"sagas": 1, "saga_steps": 3, "saga_events": 1}
        [chord] = [body for body in outbox() if "header" in body]
        assert [header["task"] for header in chord["header"]] == ["toys.fold", "toys.cut"]
        assert chord["body"]["task"] == "saga.advance"

    def test_writes_nothing_when_the_transaction_fails(self, workshop, begin):
        before = len(outbox())
        with suppress(ZeroDivisionError), db.transaction(Tenant(company_id=workshop.company_id)):
            begin()
            raise ZeroDivisionError
        assert (count(workshop, "sagas"), count(workshop, "saga_steps"), len(outbox())) == (0, 0, before)

    def test_refuses_a_second_saga_of_the_same_name_and_subject(self, workshop, begin):
        subject_id = new_id()
        with db.transaction(Tenant(company_id=workshop.company_id)):
            begin(subject_id)
        with pytest.raises(UniqueViolation), db.transaction(Tenant(company_id=workshop.company_id)):
            begin(subject_id)

    def test_keeps_tags_to_search_by(self, workshop, begin):
        with db.transaction(Tenant(company_id=workshop.company_id)):
            begin(tags={"shop_id": "s1"}, traceparent="00-abc-def-01")
        assert workshop.sql("SELECT tags, traceparent FROM sagas") == [({"shop_id": "s1"}, "00-abc-def-01")]

    def test_sends_one_message_for_a_sequential_first_stage(self, workshop, script):
        _, deliveries = workshop.start(workshop.saga(then(script.step("fold")), name="line"))
        assert [task["task"] for task in deliveries.tasks] == ["saga.advance"]


class TestVersions:
    def test_a_running_saga_stays_on_its_version(self, workshop, script):
        first = workshop.saga(then(script.step("fold")), then(script.step("cut")))
        ref, deliveries = workshop.start(first)
        second = workshop.saga(then(script.step("fold")), then(script.step("glue")), version=2)
        deliveries.sagas = (first, second)
        workshop.start(second, deliveries=deliveries)
        deliveries.until_quiet()
        assert workshop.timeline(ref).saga.version == 1
        assert script.calls == ["fold", "cut", "when_done", "fold", "glue", "when_done"]
