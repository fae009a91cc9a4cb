from contextlib import suppress

import pytest
from psycopg.errors import UniqueViolation

from kit import clock, db
from kit.ids import new_id
from kit.messaging.origin import Origin
from kit.tenancy import Tenant
from saga.engine.definition import then, together
from saga.engine.start import start
from tests.saga.engine.saga_harness import outbox


def count(harness, table):
    [(number,)] = harness.sql(f"SELECT count(*) FROM {table}")
    return number


class TestStart:
    @pytest.fixture
    def saga(self, harness, script):
        return harness.saga(together(script.step("fold"), script.step("cut")), then(script.step("glue")))

    @pytest.fixture
    def begin(self, harness, saga):
        def beginning(subject_id=None, **more):
            return start(
                saga, subject_id=subject_id or new_id(), company_id=harness.company_id, now=clock.now(), **more
            )

        return beginning

    def test_writes_saga_steps_and_first_message_at_once(self, harness, begin):
        with db.transaction(Tenant(company_id=harness.company_id)):
            begin()
        counts = {table: count(harness, table) for table in ("sagas", "saga_steps", "saga_events")}
        assert counts == {"sagas": 1, "saga_steps": 3, "saga_events": 0}
        [chord] = [body for body in outbox() if "header" in body]
        assert [header["task"] for header in chord["header"]] == ["toys.fold", "toys.cut"]
        assert chord["body"]["task"] == "saga.advance"

    def test_writes_nothing_when_the_transaction_fails(self, harness, begin):
        before = len(outbox())
        with suppress(ZeroDivisionError), db.transaction(Tenant(company_id=harness.company_id)):
            begin()
            raise ZeroDivisionError
        assert (count(harness, "sagas"), count(harness, "saga_steps"), len(outbox())) == (0, 0, before)

    def test_refuses_a_second_saga_of_the_same_name_and_subject(self, harness, begin):
        subject_id = new_id()
        with db.transaction(Tenant(company_id=harness.company_id)):
            begin(subject_id)
        with pytest.raises(UniqueViolation), db.transaction(Tenant(company_id=harness.company_id)):
            begin(subject_id)

    def test_keeps_tags_to_search_by(self, harness, begin):
        with db.transaction(Tenant(company_id=harness.company_id)):
            begin(tags={"shop_id": "s1"}, origin=Origin("mine", "00-abc-def-01"))
        assert harness.sql("SELECT tags, traceparent, context FROM sagas") == [
            ({"shop_id": "s1"}, "00-abc-def-01", {"requestid": "mine"})
        ]

    def test_sends_one_message_for_a_sequential_first_stage(self, harness, script):
        _, deliveries = harness.start(harness.saga(then(script.step("fold")), name="line"))
        assert [task["task"] for task in deliveries.tasks] == ["saga.advance"]


class TestVersions:
    def test_a_running_saga_stays_on_its_version(self, harness, script):
        first = harness.saga(then(script.step("fold")), then(script.step("cut")))
        ref, deliveries = harness.start(first)
        second = harness.saga(then(script.step("fold")), then(script.step("glue")), version=2)
        deliveries.sagas = (first, second)
        harness.start(second, deliveries=deliveries)
        deliveries.deliver_all()
        assert harness.timeline(ref).saga.version == 1
        assert script.calls == ["fold", "cut", "when_done", "fold", "glue", "when_done"]
