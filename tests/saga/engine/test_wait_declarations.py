"""How waits are declared, printed, drawn and rehearsed, and what is refused at import."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from saga.engine.definition import afterwards, then, together, wait_for
from saga.engine.draw import draw
from saga.engine.errors import InvalidDefinition
from saga.engine.fingerprints import describe, fingerprint
from saga.engine.rehearse import Rehearsal, rehearse
from saga.engine.waits import Signal
from tests.saga.engine.test_definition import make, saga
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED

SHIPPED = Signal("print.shipped")


def is_large(outcomes):
    """A condition."""


def wait(on_expiry="undo", **options):
    return wait_for(CONFIRMED, **{"expires": A_DAY, "on_expiry": on_expiry} | options)


def full():
    """A saga with a wait before the pivot and another one after it."""
    fold, cut, glue, pack, show = map(make, ("fold", "cut", "glue", "pack", "show"))
    return saga(
        together(fold, cut),
        wait(when=is_large),
        then(glue, pivot=True),
        wait_for(SHIPPED, expires=timedelta(hours=36), on_expiry="incident"),
        then(pack),
        afterwards(show),
    )


class TestADeclaration:
    def test_reads_as_a_sentence(self):
        assert str(full()) == (
            "toy: together fold and cut, wait_for print.confirmed, then glue, wait_for print.shipped, then pack, "
            "afterwards show"
        )

    def test_can_undo_only_before_the_pivot(self):
        saga(then(make("fold")), wait("undo"), then(make("cut")))
        with pytest.raises(
            InvalidDefinition, match=r"the wait for print.confirmed cannot undo the saga after its pivot"
        ):
            saga(then(make("fold"), pivot=True), wait("undo"), then(make("cut")))

    def test_cannot_undo_a_saga_that_is_never_undone(self):
        with pytest.raises(InvalidDefinition, match="cannot undo the saga"):
            saga(wait("undo"), then(make("fold")), when_undone=None)

    @pytest.mark.parametrize("on_expiry", ["go_on", "incident"])
    def test_may_be_anywhere_else(self, on_expiry):
        saga(then(make("fold"), pivot=True), wait(on_expiry), then(make("cut")))

    def test_is_refused_twice_for_one_signal(self):
        with pytest.raises(InvalidDefinition, match="toy has a step or a signal twice"):
            saga(wait(), then(make("fold")), wait())

    def test_is_refused_after_the_end(self):
        with pytest.raises(InvalidDefinition, match="`afterwards` must come last"):
            saga(then(make("fold")), afterwards(make("show")), wait())

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"expires": timedelta(0)}, "must expire after some time"),
            ({"on_expiry": "despair"}, "on_expiry is one of undo, go_on, incident"),
            ({"when": lambda _: True}, "`when` is part of the definition, and needs a name"),
        ],
    )
    def test_of_a_wait_is_refused(self, options, problem):
        with pytest.raises(InvalidDefinition, match=problem):
            wait(**options)

    @pytest.mark.parametrize("name", ["confirmed", "Print.Confirmed", "print.", ""])
    def test_of_a_signal_has_a_name_that_no_step_has(self, name):
        with pytest.raises(InvalidDefinition, match="is no name of a signal"):
            Signal(name)

    def test_of_a_signal_has_a_payload_with_fields(self):
        with pytest.raises(InvalidDefinition, match="the payload's type is a dataclass"):
            Signal("print.confirmed", dict)


class TestAFingerprint:
    def test_describes_waits(self):
        assert describe(full()) == (
            "together fold (undo: un_fold) and cut (undo: un_cut); "
            "wait_for print.confirmed if is_large (on expiry: undo); then glue (undo: un_glue), the pivot; "
            "wait_for print.shipped (on expiry: incident); then pack (undo: un_pack); afterwards show (undo: un_show)"
        )

    def test_stays_with_another_time_to_wait(self):
        longer, shorter = (saga(wait(expires=time), then(make("fold"))) for time in (A_DAY, A_DAY / 2))
        assert fingerprint(longer) == fingerprint(shorter)


class TestADrawing:
    def test_shows_what_is_awaited_and_what_happens_without_it(self):
        lines = draw(full()).split("\n")
        assert '    wait_print_confirmed{{"wait for print.confirmed if is large, 1 day at most"}}' in lines
        assert '    wait_print_shipped{{"wait for print.shipped, 36 hours at most"}}' in lines
        assert "    wait_print_confirmed -. expired .-> wait_print_confirmed_expired([undo all])" in lines
        assert "    wait_print_shipped -. expired .-> wait_print_shipped_expired([incident])" in lines

    def test_stands_between_the_stages(self):
        lines = draw(full()).split("\n")
        arrows = [line.strip() for line in lines if "-->" in line and "wait_print_confirmed" in line]
        assert arrows == [
            "fold --> wait_print_confirmed", "cut --> wait_print_confirmed", "wait_print_confirmed --> glue",
        ]  # fmt: skip


class TestARehearsal:
    def test_undoes_what_was_done_before_the_wait(self):
        assert rehearse(full(), expiring=CONFIRMED) == Rehearsal(("fold", "cut"), ("un_cut", "un_fold"), "undone")

    def test_is_stuck_where_the_expiry_is_an_incident(self):
        assert rehearse(full(), expiring=SHIPPED) == Rehearsal(("fold", "cut", "glue"), (), "stuck")

    def test_goes_on_where_the_saga_does(self):
        stages = then(make("fold")), wait("go_on"), then(make("cut"))
        assert rehearse(saga(*stages), expiring=CONFIRMED) == Rehearsal(("fold", "cut"), (), "done")

    @pytest.mark.parametrize(
        ("failing", "done"), [("fold", ("cut",)), ("pack", ("fold", "cut"))], ids=["before the wait", "after the wait"]
    )
    def test_takes_what_comes_first_of_a_failure_and_an_expiry(self, failing, done):
        declared = full()
        assert rehearse(declared, failing=declared.steps[failing], expiring=CONFIRMED).done == done

    def test_refuses_a_signal_of_another_saga(self):
        with pytest.raises(ValueError, match=r"toy has no wait for print.confirmed"):
            rehearse(saga(then(make("fold"))), expiring=CONFIRMED)


def test_a_payload_is_checked_to_its_depth():
    @dataclass
    class Line:
        copies: int

    @dataclass
    class Order:
        lines: list[Line]

    ordered = Signal("print.ordered", Order)
    assert ordered.payload_as_json(Order([Line(1)])) == {"lines": [{"copies": 1}]}
    with pytest.raises(Exception, match=r"lines\.1\.copies: Input should be a valid integer"):
        ordered.payload_as_json({"lines": [{"copies": 1}, {"copies": 1.5}]})
