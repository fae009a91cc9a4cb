"""Declaring steps: a function for one subject becomes one for a batch, and behaves as before."""

from inspect import isgeneratorfunction

import pytest

from kit import clock
from kit.ids import new_id
from saga.engine.errors import Refused
from saga.engine.step import Subject, batched_step, for_each, step
from saga.engine.step_runner import StepRunner


@pytest.fixture
def subjects():
    saga_id, company_id, now = new_id(), new_id(), clock.now()
    return [Subject(new_id(), company_id, saga_id, now, f"key {number}") for number in range(3)]


def ask(subject):
    """Ask for those with a key that ends in 1 or 2."""
    if subject.idempotency_key.endswith("0"):
        return Refused("no")
    answer = yield lambda: subject.idempotency_key
    return {"answer": answer}


class TestForEach:
    def test_runs_a_function_for_each_subject(self, subjects):
        run = for_each(lambda subject: {"key": subject.idempotency_key})
        assert run(subjects) == {subject.id: {"key": subject.idempotency_key} for subject in subjects}

    def test_keeps_the_name_the_text_and_the_kind_of_the_function(self):
        run = for_each(ask)
        assert (run.__name__, run.__doc__, isgeneratorfunction(run)) == ("ask", ask.__doc__, True)
        assert not isgeneratorfunction(for_each(lambda subject: None))

    def test_gathers_the_external_calls(self, subjects):
        runner = StepRunner(for_each(ask), subjects)
        calls = runner.start()
        assert list(calls) == [subject.id for subject in subjects[1:]]
        outcomes = runner.finish({subject_id: call() for subject_id, call in calls.items()})
        assert outcomes == {
            subjects[0].id: Refused("no"), subjects[1].id: {"answer": "key 1"}, subjects[2].id: {"answer": "key 2"},
        }  # fmt: skip

    def test_leaves_out_subjects_whose_answer_is_not_accepted(self, subjects):
        runner = StepRunner(for_each(ask), subjects)
        runner.start()
        assert set(runner.finish({subjects[2].id: "late"})) == {subjects[0].id, subjects[2].id}


class TestUndo:
    def test_takes_one_subject(self, subjects):
        fold = step(area="paper")(lambda subject: None)
        fold.undo(lambda subject: {"undone": subject.idempotency_key})
        assert fold.undo_function(subjects[:1]) == {subjects[0].id: {"undone": "key 0"}}

    def test_takes_a_batch_if_it_is_declared_so(self, subjects):
        fold = batched_step(area="paper")(lambda subjects: None)
        fold.batched_undo(lambda subjects: {subjects[0].id: {"undone": len(subjects)}})
        assert fold.undo_function(subjects) == {subjects[0].id: {"undone": 3}}
