"""The history of a saga: written as one row per transaction, read as one per transition."""

from saga.engine.definition import then
from tests.saga.engine.saga_harness import SagaHarness

ONE_TRANSITION = """
    INSERT INTO saga_events (saga_id, company_id, event, happened_at)
    SELECT id, company_id, '{}', now() FROM sagas"""


def rows_of(harness: SagaHarness) -> list[tuple]:
    return harness.sql("SELECT event, transitions FROM saga_events ORDER BY id")


class TestHistory:
    def test_is_one_row_per_transaction(self, harness, script):
        ref, deliveries = harness.start(harness.saga(then(script.step("fold")), then(script.step("cut"))))
        deliveries.deliver_all()
        whole = ["started", "fold begun", "fold done", "advanced", "cut begun", "cut done", "completed", "done"]
        assert harness.events(ref) == whole
        [(event, transitions)] = rows_of(harness)
        assert event is None
        assert [name for name, *_ in transitions] == [each.split()[-1] for each in whole[1:]]
        assert [each.number for each in harness.timeline(ref).events] == list(range(1, len(whole) + 1))

    def test_has_the_details_of_each_transition(self, harness, script):
        ref, deliveries = harness.start(harness.saga(then(script.step("fold")), then(script.step("cut"))))
        deliveries.deliver_all()
        details = {each.event: each.detail for each in harness.timeline(ref).events}
        assert (details["begun"], details["advanced"]) == (None, {"stage": 1})

    def test_may_have_rows_with_one_transition_between(self, harness, script):
        ref, deliveries = harness.start(harness.saga(then(script.step("fold"))))
        for event in ("started", "resent"):  # the start of older sagas is a row, too
            harness.sql(ONE_TRANSITION.format(event))
        deliveries.deliver_all()
        assert harness.events(ref)[:3] == ["started", "resent", "fold begun"]
        assert harness.events(ref).count("started") == 1
