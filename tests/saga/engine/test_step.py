"""Declaring steps: a function for one subject becomes one for a batch, and behaves as before."""

import pytest

from kit import clock
from kit.ids import new_id
from saga.engine.batch_functions import for_each
from saga.engine.definition import Saga, then
from saga.engine.errors import InvalidDefinition, Refused
from saga.engine.step import batched_step, step
from saga.engine.step_functions import Subject


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

    def test_keeps_the_name_and_the_text_of_the_function(self):
        run = for_each(ask)
        assert (run.__name__, run.__doc__) == ("ask", ask.__doc__)

    def test_gathers_the_external_calls(self, subjects):
        asked = for_each(ask)(subjects)
        assert list(asked.calls) == [subject.id for subject in subjects[1:]]
        assert asked.outcomes == {subjects[0].id: Refused("no")}

    def test_takes_answers_as_they_come(self, subjects):
        asked = for_each(ask)(subjects)
        for number in (2, 1):
            answers = {subjects[number].id: asked.calls[subjects[number].id]()}
            assert asked.resume(answers) == {subjects[number].id: {"answer": f"key {number}"}}


class TestOnAnswers:
    @pytest.fixture
    def print_pages(self):
        @batched_step(area="paper", irreversible="ink is ink")
        def print_pages(subjects, pages):
            """Print them."""
            return {subject.id: lambda: "printed" for subject in subjects if pages[subject.id]}

        @print_pages.on_answers
        def count_pages(subjects, pages, answers):
            return {subject.id: {answers[subject.id]: pages[subject.id]} for subject in subjects}

        return print_pages.using(lambda subjects: {subject.id: number for number, subject in enumerate(subjects)})

    def test_are_called_for_the_answered_subjects(self, print_pages, subjects):
        asked = print_pages.function(subjects)
        assert (print_pages.name, list(asked.calls), asked.outcomes) == (
            "print_pages", [subject.id for subject in subjects[1:]], {},
        )  # fmt: skip
        assert asked.resume({subjects[2].id: "printed"}) == {subjects[2].id: {"printed": 2}}
        assert asked.resume({subjects[1].id: "printed"}) == {subjects[1].id: {"printed": 1}}

    def test_are_not_called_without_an_answer(self, print_pages, subjects):
        assert print_pages.function(subjects).resume({}) == {}


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
        asked = print_pages.using(self.load).undo_function(subjects)
        answers = {subject_id: call() for subject_id, call in asked.calls.items()}
        assert asked.resume(answers) == {subject.id: {"shredded": n} for n, subject in enumerate(subjects)}

    def test_leaves_names_tasks_and_texts_as_they_are(self, print_pages):
        used = print_pages.using(self.load)
        assert (used.task, used.undo_task) == ("paper.print_pages", "paper.shred_pages")
        assert (used.function.__doc__, used.undo_function.__doc__) == ("Print them.", "Shred them.")

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
