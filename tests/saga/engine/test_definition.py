import pytest

from saga.engine.definition import Saga, afterwards, then, together
from saga.engine.errors import InvalidDefinition
from saga.engine.step import step
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
    def test_prints_its_stages(self):
        a, b, c, d = (make(name) for name in ("fold", "cut", "glue", "show"))
        declared = saga(together(a, b), then(c, pivot=True), afterwards(d))
        assert str(declared) == "toy: together fold and cut, then glue, afterwards show"

    def test_refuses_a_step_with_neither_an_undo_nor_a_reason(self):
        def fold(subject):
            """A step."""

        with pytest.raises(InvalidDefinition, match="toy: fold has neither an undo nor a reason for having none"):
            saga(then(step(area="toys")(fold)))

    def test_accepts_a_step_without_an_undo_that_has_a_reason(self):
        saga(then(make("fold", undo=False)))

    def test_refuses_a_step_twice(self):
        fold = make("fold")
        with pytest.raises(InvalidDefinition, match="toy has a step or a signal twice"):
            saga(then(fold), then(fold))

    def test_refuses_two_steps_of_one_name(self):
        with pytest.raises(InvalidDefinition, match="twice"):
            saga(together(make("fold"), make("fold")))

    def test_refuses_a_stage_after_afterwards(self):
        with pytest.raises(InvalidDefinition, match="`afterwards` must come last"):
            saga(then(make("fold")), afterwards(make("show")), then(make("cut")))

    @pytest.mark.parametrize("stages", [(), (afterwards(make("show")),)])
    def test_refuses_to_have_no_main_stage(self, stages):
        with pytest.raises(InvalidDefinition, match="after at least one other stage"):
            saga(*stages)

    def test_has_the_index_of_its_pivot(self):
        assert saga(then(make("fold")), then(make("glue"), pivot=True), then(make("cut"))).pivot_index == 1

    def test_has_its_last_main_stage_as_pivot_by_default(self):
        assert saga(then(make("fold")), then(make("cut")), afterwards(make("show"))).pivot_index == 1

    def test_is_never_undone_without_a_hook_for_it(self):
        assert saga(then(make("fold")), when_undone=None).pivot_index == -1

    def test_numbers_its_steps_in_order(self):
        a, b, c = (make(name) for name in ("fold", "cut", "glue"))
        assert list(saga(together(a, b), then(c)).numbered_entries()) == [(0, 0, a), (1, 0, b), (2, 1, c)]


class TestRegistry:
    def test_knows_each_version_once(self):
        versions = [(declared.name, declared.version) for declared in SAGAS]
        assert len(versions) == len(set(versions))
