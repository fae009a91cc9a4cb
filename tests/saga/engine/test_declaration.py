import pytest

from saga.engine.declaration import Saga, afterwards, step, then, together
from saga.engine.errors import DeclarationError
from saga.registry import SAGAS


def nothing(*_):
    """A hook."""


def make(name, *, undo=True, area="toys", **options):
    def act(subject):
        """A step."""

    act.__name__ = name
    made = step(area=area, irreversible=None if undo else "no way back", **options)(act)
    if undo:
        made.undo(type(act)(act.__code__, {}, f"un_{name}"))
    return made


def saga(*stages, **options):
    return Saga("toy", *stages, **{"when_done": nothing, "when_undone": nothing} | options)


class TestStep:
    def test_is_named_after_its_function(self):
        assert (make("fold").name, make("fold").undo_name) == ("fold", "un_fold")

    def test_is_a_task_of_its_area(self):
        made = make("fold", area="paper")
        assert (made.task, made.undo_task) == ("paper.fold", "paper.un_fold")

    def test_has_no_undo_name_without_an_undo(self):
        assert make("fold", undo=False).undo_name is None


class TestSaga:
    def test_reads_as_a_sentence(self):
        a, b, c, d = (make(name) for name in ("fold", "cut", "glue", "show"))
        declared = saga(together(a, b), then(c, pivot=True), afterwards(d))
        assert str(declared) == "toy: together fold and cut, then glue, afterwards show"

    def test_refuses_a_step_with_neither_an_undo_nor_a_reason(self):
        def fold(subject):
            """A step."""

        with pytest.raises(DeclarationError, match="toy: fold has neither an undo nor a stated reason"):
            saga(then(step(area="toys")(fold)))

    def test_takes_a_step_that_says_why_it_has_no_undo(self):
        saga(then(make("fold", undo=False)))

    def test_refuses_a_step_twice(self):
        fold = make("fold")
        with pytest.raises(DeclarationError, match="toy takes a step twice"):
            saga(then(fold), then(fold))

    def test_refuses_two_steps_of_one_name(self):
        with pytest.raises(DeclarationError, match="twice"):
            saga(together(make("fold"), make("fold")))

    def test_refuses_a_stage_behind_what_comes_afterwards(self):
        with pytest.raises(DeclarationError, match="what comes afterwards stands last"):
            saga(then(make("fold")), afterwards(make("show")), then(make("cut")))

    @pytest.mark.parametrize("stages", [(), (afterwards(make("show")),)])
    def test_refuses_to_decide_nothing(self, stages):
        with pytest.raises(DeclarationError, match="something before it"):
            saga(*stages)

    def test_has_its_pivot_where_it_says(self):
        assert saga(then(make("fold")), then(make("glue"), pivot=True), then(make("cut"))).pivot == 1

    def test_can_always_be_put_back_without_a_pivot(self):
        assert saga(then(make("fold")), then(make("cut")), afterwards(make("show"))).pivot == 1

    def test_has_no_way_back_without_an_ending_for_it(self):
        assert saga(then(make("fold")), when_undone=None).pivot == -1

    def test_numbers_its_steps_in_order(self):
        a, b, c = (make(name) for name in ("fold", "cut", "glue"))
        assert list(saga(together(a, b), then(c)).placed()) == [(0, 0, a), (1, 0, b), (2, 1, c)]


class TestRegistry:
    def test_knows_each_version_once(self):
        versions = [(declared.name, declared.version) for declared in SAGAS]
        assert len(versions) == len(set(versions))
