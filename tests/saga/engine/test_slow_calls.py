"""Slow external calls stay under way while other sagas continue, and each is recorded once, when it is answered."""

from dataclasses import dataclass, field
from threading import Event, Lock

import pytest
from psycopg import OperationalError

from saga.engine import call_pool, executor
from saga.engine.call_pool import CallPool
from saga.engine.definition import then, together
from saga.engine.errors import Refused
from saga.engine.executor import Executor
from saga.engine.journal import all_locked
from saga.engine.step import batched_step
from saga.engine.sweep import sweep

DUE = "SELECT extract(epoch FROM due_at - now())::float FROM sagas"


@dataclass
class Provider:
    """Answers each call at once, unless its subject is held back."""

    keys: list[str] = field(default_factory=list)
    held: dict = field(default_factory=dict)
    broken: set = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def hold(self, subject_id):
        """Hold back the answers about this subject until the returned event is set."""
        return self.held.setdefault(subject_id, Event())

    def ask(self, subject):
        with self.lock:
            self.keys.append(subject.idempotency_key)
        if subject.id in self.held:
            assert self.held[subject.id].wait(20)
        return "fine"


@pytest.fixture
def provider():
    provider = Provider()
    yield provider
    for event in provider.held.values():
        event.set()


@pytest.fixture
def fold(provider):
    @batched_step(area="toys")
    def fold(sheets):
        return {sheet.id: lambda sheet=sheet: provider.ask(sheet) for sheet in sheets}

    @fold.on_answers
    def note(sheets, answers):
        if any(sheet.id in provider.broken for sheet in sheets):
            raise ValueError("torn")
        return {sheet.id: {"answer": answers[sheet.id]} for sheet in sheets}

    fold.undo(lambda sheet: None)
    fold.undo_function.__name__ = "unfold"
    return fold


@pytest.fixture
def saga(harness, script, fold):
    return harness.saga(then(fold), then(script.step("press")))


@pytest.fixture
def started(harness):
    """Start sagas of one definition. Returns their refs, and a way to find the definition."""

    def starting(saga, times):
        begun = [harness.start(saga) for _ in range(times)]
        return [ref for ref, _ in begun], begun[0][1].find

    return starting


class Worker:
    """A worker that goes on when it is woken."""

    def __init__(self, find, pool=None):
        self._woken = Event()
        pool = pool or CallPool(per_account=64, per_company=16)
        self.executor = Executor(find, continue_inline=True, window=0, on_late_answer=self._woken.set, pool=pool)

    def advance(self, refs):
        self.executor.run_steps(dict.fromkeys(refs, ()))

    def go_on(self, refs):
        """Go on until none of these sagas is under way."""
        while any(map(self.executor.is_under_way, refs)):
            assert self._woken.wait(20)
            self._woken.clear()
            self.executor.record_answers()


@pytest.fixture
def slow(harness, provider, started, saga):
    """Three sagas, of which the provider holds back the first one's answer: refs, find, the worker and the event."""
    refs, find = started(saga, 3)
    held = provider.hold(harness.timeline(refs[0]).saga.subject_id)
    worker = Worker(find)
    worker.advance(refs)
    worker.go_on(refs[1:])
    return refs, find, worker, held


class TestASlowCall:
    def test_holds_up_no_other_saga(self, harness, slow):
        refs, _, worker, held = slow
        assert [harness.state(ref) for ref in refs] == ["running", "done", "done"]
        assert [worker.executor.is_under_way(ref) for ref in refs] == [True, False, False]
        held.set()
        worker.go_on(refs)
        assert harness.state(refs[0]) == "done"
        assert harness.timeline(refs[0]).steps[0].outcome == {"answer": "fine"}

    def test_is_not_made_again_when_the_message_is_redelivered(self, harness, slow, provider):
        refs, _, worker, held = slow
        worker.advance(refs)
        assert len(provider.keys) == len(refs)
        assert worker.executor.is_under_way(refs[0])
        held.set()
        worker.go_on(refs)
        assert harness.events(refs[0]).count("fold done") == 1

    def test_extends_the_deadline_of_its_saga(self, harness, slow, saga):
        _, _, _, _ = slow
        assert max(seconds for (seconds,) in harness.sql(DUE)) == pytest.approx(saga.call_deadline, abs=5)

    def test_is_made_again_with_the_same_key_when_the_worker_dies(self, harness, slow, provider):
        refs, find, dead, held = slow
        other = Worker(find)
        other.advance(refs[:1])
        held.set()
        other.go_on(refs)
        assert harness.state(refs[0]) == "done"
        assert len(provider.keys) == len(refs) + 1
        assert len(set(provider.keys)) == len(refs)
        dead.go_on(refs)  # it was not dead
        events = harness.events(refs[0])
        assert (events.count("fold done"), events.count("fold answered_late")) == (1, 1)

    def test_changes_nothing_once_its_saga_compensates(self, harness, provider, script, started, fold):
        refs, find = started(harness.saga(together(fold, script.step("cut"))), 1)
        held = provider.hold(harness.timeline(refs[0]).saga.subject_id)
        script.answers["cut"] = [Refused("blunt")]
        worker = Worker(find)
        worker.executor.run_steps({refs[0]: ["fold", "cut"]})
        with all_locked(refs, find) as [locked]:
            locked.state = "compensating"
            locked.record_event("compensating")
        held.set()
        worker.go_on(refs)
        assert "fold answered_late" in harness.events(refs[0])
        assert harness.steps(refs[0])["fold"] == "running"

    def test_is_left_to_its_worker_by_the_sweeper(self, harness, slow, provider):
        refs, find, worker, held = slow
        harness.expire_deadlines()
        assert sweep(find) == 1
        worker.advance(refs[:1])
        held.set()
        worker.go_on(refs)
        assert harness.events(refs[0]).count("fold begun") == 1


class TestAnErrorWhenAnswersAreRecorded:
    def test_affects_only_its_own_saga(self, harness, provider, started, saga):
        refs, find = started(saga, 3)
        subjects = [harness.timeline(ref).saga.subject_id for ref in refs]
        provider.broken.add(subjects[1])
        gates = [provider.hold(subject_id) for subject_id in subjects]
        worker = Worker(find)
        worker.advance(refs)
        for gate in gates:
            gate.set()
        worker.go_on(refs)
        assert [harness.state(ref) for ref in refs] == ["done", "running", "done"]
        assert harness.timeline(refs[1]).steps[0].error["code"] == "ValueError"
        provider.broken.clear()
        worker.advance(refs)
        worker.go_on(refs)
        assert {harness.state(ref) for ref in refs} == {"done"}

    def test_that_is_an_outage_loses_no_answer(self, harness, slow, monkeypatch):
        refs, _, worker, held = slow
        down = [True]

        def locked(*args, **named):
            if down:
                raise OperationalError("the connection is closed")
            return all_locked(*args, **named)

        monkeypatch.setattr(executor, "all_locked", locked)
        held.set()
        for _ in range(2):
            with pytest.raises(OperationalError):
                worker.go_on(refs)
            assert worker.executor.is_under_way(refs[0])
            worker._woken.set()
        down.clear()
        worker.go_on(refs)
        assert harness.state(refs[0]) == "done"
        assert harness.events(refs[0]).count("fold done") == 1


class TestACompanyWithTooManyCalls:
    @pytest.fixture(autouse=True)
    def _little_room(self, monkeypatch):
        monkeypatch.setattr(call_pool, "MAX_UNANSWERED", 1)

    def test_has_its_further_steps_tried_later_without_a_call(self, harness, provider, started, saga):
        refs, find = started(saga, 2)
        gates = [provider.hold(harness.timeline(ref).saga.subject_id) for ref in refs]
        worker = Worker(find)
        worker.advance(refs)
        [turned_away] = [ref for ref in refs if not worker.executor.is_under_way(ref)]
        step = harness.timeline(turned_away).steps[0]
        assert (step.state, step.attempts, step.begun_at, step.error["code"]) == (
            "pending", 0, None, "too_many_calls",
        )  # fmt: skip
        assert len(provider.keys) == 1
        for gate in gates:
            gate.set()
        worker.go_on(refs)
        worker.advance([turned_away])
        worker.go_on(refs)
        assert {harness.state(ref) for ref in refs} == {"done"}
