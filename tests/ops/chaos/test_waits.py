"""The example sagas of a chaos run: their signals come from the seed alone, and a wrong end is found."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from kit import db
from ops.chaos import signaller, waiting_saga
from ops.chaos.signal_scenarios import EXPIRY, scenario_actions
from ops.chaos.wait_results import WaitingSaga, counts, read, violations
from ops.chaos.waiting_saga import CONFIRMED, EXAMPLE_WAIT
from saga.engine.sweep import sweep
from tests import factories
from tests.saga.message_deliveries import Deliveries


def confirmations(*, seed):
    """For each saga, the seconds after its start and the contents of its confirmations."""
    made = scenario_actions(seed=seed, sagas=200, seconds=60.0)
    starts = {step.subject_id: step.at for step in made if step.signal is None}
    found = defaultdict(list, {subject_id: [] for subject_id in starts})
    for step in made:
        if step.signal is CONFIRMED:
            found[step.subject_id].append((step.at - starts[step.subject_id], step.signal_payload.number))
    return list(found.values())


class TestActs:
    def test_are_the_same_for_the_same_seed(self):
        some = {"sagas": 20, "seconds": 10.0}
        assert scenario_actions(seed=1, **some) == scenario_actions(seed=1, **some) != scenario_actions(seed=2, **some)

    def test_have_every_kind_of_confirmation(self):
        found = confirmations(seed=1)
        first = [min(each, default=None) for each in found]
        assert Counter(len(each) for each in found).keys() == {0, 1, 2}
        assert any(each and each[0] == 0 for each in first)
        assert any(each and 0 < each[0] < EXPIRY for each in first)
        assert any(each and EXPIRY - 1 < each[0] < EXPIRY + 1 for each in first)
        assert any(each and each[0] > EXPIRY + 1 for each in first)
        assert any(len({number for _, number in each}) == 2 for each in found)


class TestSignaller:
    def test_does_everything_again_after_a_crash_and_changes_nothing(self, database):
        company_id = factories.make_company().id
        deliveries = Deliveries((EXAMPLE_WAIT,))
        some = scenario_actions(seed=1, sagas=12, seconds=1.0)
        for _ in range(2):
            for step in some:
                signaller._run(step, company_id)
            deliveries.deliver_all()
        for _ in range(2):
            with db.operator_transaction():
                db.run("UPDATE sagas SET due_at = now() - interval '1 second' WHERE ended_at IS NULL", {})
            sweep(deliveries.find)
            deliveries.deliver_all()
        sagas, signals = read(database)
        assert violations(sagas, started=12) == []
        ended = counts(sagas, signals)
        assert ended["waits_confirmed"] + ended["waits_expired"] == 12
        assert min(ended["waits_confirmed"], ended["waits_expired"], ended["signals_conflicting"]) > 0


class TestViolations:
    DONE = WaitingSaga(
        "a", "done", None, 1,
        dict.fromkeys(("begin_example done", "confirm_example done", "close_example done", "completed", "done"), 1),
    )  # fmt: skip
    UNDONE = WaitingSaga(
        "b", "undone", "wait_expired", 0,
        dict.fromkeys(("example.confirmed expired", "begin_example undone", "compensating", "undone"), 1),
    )  # fmt: skip

    @pytest.mark.parametrize("saga", [DONE, UNDONE])
    def test_are_none_where_a_saga_ends_as_its_signals_say(self, saga):
        assert saga.problems == []

    @pytest.mark.parametrize(
        "saga",
        [
            replace(DONE, confirmations=0),
            replace(DONE, confirmations=2),
            replace(DONE, failure="wait_expired"),
            replace(DONE, entries={**DONE.entries, "confirm_example done": 2}),
            replace(DONE, entries={**DONE.entries, "compensating": 1}),
            replace(DONE, state="waiting"),
            replace(UNDONE, confirmations=1),
            replace(UNDONE, failure="cancelled"),
            replace(UNDONE, entries={**UNDONE.entries, "confirm_example begun": 1}),
            replace(UNDONE, entries={**UNDONE.entries, "begin_example undone": 0}),
        ],
    )
    def test_name_a_wrong_end(self, saga):
        assert violations([saga], started=1) == [f"saga {saga.id}: {'; '.join(saga.problems)}"]
        assert saga.problems

    def test_name_sagas_that_are_missing(self):
        assert violations([self.DONE], started=2) == ["1 of 2 sagas are there"]


@pytest.mark.processes
@pytest.mark.slow
class TestRegistry:
    @pytest.mark.parametrize(("examples", "is_known"), [(waiting_saga.__name__, True), ("", False)])
    def test_declares_the_sagas_of_example_modules(self, examples, is_known):
        code = "from saga.registry import SAGAS; print(*(saga.name for saga in SAGAS))"
        env = {**os.environ, "ORDERX_EXAMPLE_SAGAS": examples}
        said = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
        assert (EXAMPLE_WAIT.name in said.split()) == is_known
