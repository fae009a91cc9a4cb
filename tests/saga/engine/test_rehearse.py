import pytest

from saga.cancel_order import CANCEL_ORDER
from saga.engine.definition import afterwards, then, together
from saga.engine.errors import Refused
from saga.engine.rehearse import Rehearsal, rehearse
from saga.place_order import PLACE_ORDER
from saga.refund_payment import REFUND_PAYMENT
from tests.saga.engine.saga_harness import Script

PLACED = {
    "reserve_stock": Rehearsal(("authorise_payment",), ("void_payment", "release_stock"), "undone"),
    "authorise_payment": Rehearsal(("reserve_stock",), ("void_payment", "release_stock"), "undone"),
    "capture_payment": Rehearsal(
        ("reserve_stock", "authorise_payment"), ("refund_payment", "void_payment", "release_stock"), "undone"
    ),
    "commit_stock": Rehearsal(("reserve_stock", "authorise_payment", "capture_payment"), (), "stuck"),
    "email_customer": Rehearsal(("reserve_stock", "authorise_payment", "capture_payment", "commit_stock"), (), "stuck"),
}
NAMES = ("fold", "cut", "glue", "paint", "dry", "show")


def shapes(make):
    """Sagas of every shape, with steps made by `make`."""
    fold, cut, glue, paint, dry, show = (make(name) for name in NAMES)
    return {
        "in line": (then(fold), then(cut)),
        "in parallel": (together(fold, cut),),
        "parallel, then in line": (together(fold, cut), then(glue)),
        "parallel in the middle": (then(fold), together(cut, glue), then(paint)),
        "two in parallel, one behind the other": (together(fold, cut), together(glue, paint)),
        "with a pivot": (together(fold, cut), then(glue, pivot=True), then(paint), then(dry), afterwards(show)),
        "with something afterwards": (then(fold), afterwards(show)),
    }


ALL = [
    pytest.param(shape, name, id=f"{shape}: {name}")
    for shape, stages in shapes(Script().step).items()
    for name in (step.name for stage in stages for step in stage.steps)
]


class TestRehearse:
    @pytest.mark.parametrize("step", PLACE_ORDER.steps.values(), ids=str)
    def test_predicts_the_effect_of_a_failing_step_on_an_order(self, step):
        assert rehearse(PLACE_ORDER, failing=step) == PLACED[step.name]

    def test_predicts_a_run_without_failure(self):
        assert rehearse(PLACE_ORDER) == Rehearsal(tuple(PLACE_ORDER.steps), (), "done")

    @pytest.mark.parametrize("step", CANCEL_ORDER.steps.values(), ids=str)
    def test_predicts_an_incident_after_the_pivot(self, step):
        assert rehearse(CANCEL_ORDER, failing=step).ending == "stuck"

    @pytest.mark.parametrize("step", REFUND_PAYMENT.steps.values(), ids=str)
    def test_predicts_an_incident_for_a_refund_that_cannot_be_executed(self, step):
        assert rehearse(REFUND_PAYMENT, failing=step).ending == "stuck"

    def test_refuses_a_step_of_another_saga(self):
        with pytest.raises(ValueError, match="place_order has no step take_back_stock"):
            rehearse(PLACE_ORDER, failing=CANCEL_ORDER.steps["take_back_stock"])

    @pytest.mark.parametrize("shape", shapes(Script().step))
    def test_predicts_that_any_saga_ends_done(self, harness, script, shape):
        saga = harness.saga(*shapes(script.step)[shape])
        ref = harness.run(saga)
        assert script.calls == [
            *[each.name for stage in saga.main_stages for each in stage.steps],
            "when_done",
            *(each.name for stage in saga.stages[len(saga.main_stages) :] for each in stage.steps),
        ]
        assert harness.state(ref) == rehearse(saga).ending

    @pytest.mark.parametrize(("shape", "name"), ALL)
    def test_predicts_what_the_journal_records(self, harness, script, shape, name):
        saga = harness.saga(*shapes(script.step)[shape])
        script.answers[name] = [Refused("no")]
        ref = harness.run(saga)
        predicted = rehearse(saga, failing=saga.steps[name])
        happened = harness.events(ref)
        assert tuple(step for step in saga.steps if f"{step} done" in happened) == predicted.done
        assert tuple(call for call in script.calls if call.startswith("un_")) == predicted.undone
        assert harness.state(ref) == predicted.ending
