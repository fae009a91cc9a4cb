"""Declaring steps: a function for one subject becomes one for a batch, and behaves as before."""

from inspect import isgeneratorfunction

import pytest

from kit import clock
from kit.ids import new_id
from saga.engine.definition import Saga, then
from saga.engine.errors import InvalidDefinition, Refused
from saga.engine.step import batched_step, step
from saga.engine.step_functions import Subject, for_each
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
        runner = StepRunner(for_each(ask)(subjects))
        calls = runner.start()
        assert list(calls) == [subject.id for subject in subjects[1:]]
        outcomes = runner.finish({subject_id: call() for subject_id, call in calls.items()})
        assert outcomes == {
            subjects[0].id: Refused("no"), subjects[1].id: {"answer": "key 1"}, subjects[2].id: {"answer": "key 2"},
        }  # fmt: skip

    def test_leaves_out_subjects_whose_answer_is_not_accepted(self, subjects):
        runner = StepRunner(for_each(ask)(subjects))
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


class TestInput:
    @pytest.fixture
    def print_pages(self):
        @batched_step(area="paper")
        def print_pages(subjects, pages):
            """Print them."""
            return {subject.id: {"printed": pages[subject.id]} for subject in subjects}

        @print_pages.undo
        def shred_pages(subject, pages):
            """Shred them."""
            answer = yield lambda: pages
            return {"shredded": answer}

        return print_pages

    def load(self, subjects):
        return {subject.id: number for number, subject in enumerate(subjects)}

    def test_comes_from_the_loader_of_the_saga(self, print_pages, subjects):
        used = print_pages.using(self.load)
        assert used.function(subjects) == {subject.id: {"printed": n} for n, subject in enumerate(subjects)}

    def test_is_given_to_the_undo_too(self, print_pages, subjects):
        runner = StepRunner(print_pages.using(self.load).undo_function(subjects))
        answers = {subject_id: call() for subject_id, call in runner.start().items()}
        assert runner.finish(answers) == {subject.id: {"shredded": n} for n, subject in enumerate(subjects)}

    def test_leaves_names_tasks_and_texts_as_they_are(self, print_pages):
        used = print_pages.using(self.load)
        assert (used.task, used.undo_task) == ("paper.print_pages", "paper.shred_pages")
        assert (used.function.__doc__, isgeneratorfunction(used.undo_function)) == ("Print them.", True)

    def test_allows_a_second_use_under_another_name(self, print_pages):
        first = print_pages.using(self.load)
        second = print_pages.using(self.load, name="print_cover", undo_name="shred_cover")
        assert (second.task, second.undo_task) == ("paper.print_cover", "paper.shred_cover")
        declared = Saga("toy", then(first), then(second), when_done=list, when_undone=list)
        assert list(declared.steps) == ["print_pages", "print_cover"]

    def test_allows_no_second_use_whose_undo_has_the_same_name(self, print_pages):
        second = print_pages.using(self.load, name="print_cover")
        with pytest.raises(InvalidDefinition, match="toy has an undo twice"):
            Saga("toy", then(print_pages.using(self.load)), then(second), when_done=list, when_undone=list)

    def test_must_come_from_somewhere(self, print_pages):
        with pytest.raises(InvalidDefinition, match="print_pages takes an input"):
            Saga("toy", then(print_pages), when_done=list, when_undone=list)
