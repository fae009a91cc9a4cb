"""What is rehearsed about a command that meets an open saga is what happens."""

import pytest

from saga.cancel_order import CANCEL_ORDER
from saga.engine.definition import afterwards, then, together, wait_for
from saga.engine.rehearse_command import rehearse_command
from saga.engine.targets import TargetBusy
from saga.engine.waits import Signal
from saga.place_order import PLACE_ORDER
from saga.rules.conflicts import RULES
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED, YES

SHIPPED = Signal("print.shipped")
ENTRIES = ("ink", "mix", "print.confirmed", "cool", "press", "print.shipped", "dry", "show")


@pytest.fixture
def sagas(sagas, harness, script, deliveries):
    """A saga with every kind of stage, and the command `cut`."""
    ink, mix, cool, press, dry, show = map(script.step, ("ink", "mix", "cool", "press", "dry", "show"))
    sagas["print"] = harness.saga(
        together(ink, mix),
        wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo"),
        then(cool),
        then(press, pivot=True),
        wait_for(SHIPPED, expires=A_DAY, on_expiry="go_on"),
        then(dry),
        afterwards(show),
        name="print",
    )
    deliveries.sagas = tuple(sagas.values())
    return sagas


@pytest.fixture
def at(harness, script, deliveries, command, ref):
    """Run the saga until it is at this step or wait, whose first attempt has failed."""

    def running(entry):
        script.answers[entry] = [OSError()]
        command("print")
        for signal, payload in ((CONFIRMED, YES), (SHIPPED, {})):
            if signal.name != entry:
                harness.signal(ref("print"), deliveries, signal, payload)
        deliveries.collect()
        while harness.steps(ref("print"))[entry] not in {"running", "waiting"}:
            deliveries.deliver(deliveries.tasks.pop(0))
            deliveries.collect()

    return running


@pytest.fixture
def finish(harness, deliveries, ref):
    """Send the signal that the saga waits for, if it does, and deliver everything."""

    def finishing(entry):
        for signal, payload in ((CONFIRMED, YES), (SHIPPED, {})):
            if signal.name == entry:
                harness.signal(ref("print"), deliveries, signal, payload)
        deliveries.deliver_all()

    return finishing


@pytest.mark.parametrize("rule", ["stop", "queue", "refuse"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_a_rehearsal_predicts_what_happens(harness, sagas, command, names, ref, at, finish, entry, rule):
    rules = {("cut", "print"): rule}
    predicted = rehearse_command(sagas["cut"], sagas["print"], rules, at=entry)
    at(entry)
    try:
        command("cut", rules)
        refused = False
    except TargetBusy:
        refused = True
    started_at_once = len(names()) > 1
    finish(entry)
    events = harness.events(ref("print"))
    undone = tuple(f"un_{event.split()[0]}" for event in events if event.endswith(" undone") and "." not in event)
    done = tuple(name for name in sagas["print"].steps if f"{name} begun" in events)
    assert (done, undone, harness.state(ref("print"))) == (
        predicted.open_saga.done, predicted.open_saga.undone, predicted.open_saga.ending,
    )  # fmt: skip
    if refused:
        happened = "is refused"
    elif started_at_once:
        happened = "starts at once"
    else:
        happened = "starts afterwards" if ("cut", "done") in names() else "is dropped"
    assert happened == predicted.command


class TestCancelOrder:
    @pytest.mark.parametrize(
        ("step", "command"),
        [
            ("reserve_stock", "is dropped"),
            ("authorise_payment", "is dropped"),
            ("capture_payment", "starts afterwards"),
            ("commit_stock", "starts afterwards"),
            ("email_customer", "starts at once"),
        ],
    )
    def test_undoes_an_order_up_to_its_pivot_and_refunds_it_after(self, step, command):
        assert rehearse_command(CANCEL_ORDER, PLACE_ORDER, RULES, at=step).command == command

    def test_is_refused_during_another_one(self):
        assert rehearse_command(CANCEL_ORDER, CANCEL_ORDER, RULES, at="refund_order").command == "is refused"

    def test_needs_a_step_of_the_open_saga(self):
        with pytest.raises(ValueError, match="place_order has no step and no wait pack"):
            rehearse_command(CANCEL_ORDER, PLACE_ORDER, RULES, at="pack")
