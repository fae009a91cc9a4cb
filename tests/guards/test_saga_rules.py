"""Every saga is registered; every step is in a file of its name, with its undo or the reason for having none."""

import importlib
import inspect
import pkgutil

import grimp
import pytest

import saga
import saga.steps
from saga.engine.definition import Saga
from saga.engine.step import Step, StepWithInput
from saga.registry import SAGAS, STEPS, find
from saga.rules.conflicts import RULES
from saga.rules.started_versions import STARTS, started_version
from tests.guards.generated import recorded_definitions, saga_line
from workers import queues


def modules(package):
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [importlib.import_module(module.name) for module in found]


def declared(package, kind):
    return {value for module in modules(package) for value in vars(module).values() if isinstance(value, kind)}


ROOT_MODULES = [
    importlib.import_module(module.name)
    for module in pkgutil.iter_modules(saga.__path__, "saga.")
    if not module.ispkg and module.name != "saga.registry"
]

BELOW_THE_SAGAS = ("saga.rules", "saga.inputs", "saga.steps", "saga.deliveries", "saga.engine")


class TestRootOfTheSagas:
    @pytest.mark.parametrize("module", ROOT_MODULES, ids=lambda module: module.__name__)
    def test_holds_definitions_of_sagas_only(self, module):
        own = {each.name for each in vars(module).values() if isinstance(each, Saga)}
        name = module.__name__.rpartition(".")[2]
        assert own == {name}, f"{module.__name__} does not define the saga {name}: it belongs in a package of saga"

    def test_is_imported_by_no_package_below_it(self):
        graph = grimp.build_graph("saga", cache_dir=None)
        imports = {
            (package, module.__name__)
            for module in ROOT_MODULES
            for package in BELOW_THE_SAGAS
            if graph.direct_import_exists(imported=module.__name__, importer=package, as_packages=True)
        }
        assert imports == set()


class TestSagas:
    def test_are_all_registered(self):
        assert declared(saga, Saga) == set(SAGAS)

    def test_have_a_version(self):
        assert [find(each.name, each.version) for each in SAGAS] == list(SAGAS)

    def test_are_the_ones_that_the_table_of_commands_names(self):
        undoable = {each.name for each in SAGAS if each.when_undone}
        assert {name for pair in RULES for name in pair} <= {each.name for each in SAGAS}
        assert {open_saga for (_, open_saga), rule in RULES.items() if rule == "stop"} <= undoable

    def test_start_in_a_declared_version(self):
        versions = {(name, started_version(name)) for name in {each.name for each in SAGAS} | STARTS.keys()}
        assert versions <= {(each.name, each.version) for each in SAGAS}


@pytest.mark.parametrize("saga", SAGAS, ids=lambda saga: f"{saga.name} {saga.version}")
class TestDefinitions:
    def test_do_not_change_within_a_version(self, saga):
        assert recorded_definitions().get((saga.name, saga.version)) == saga_line(saga), (
            f"{saga.name} version {saga.version} is not as saga_definitions.txt has it. `make generated` adds the line "
            "of a new version. A changed saga gets one; the old one stays declared (docs/tour.md, Change a saga)."
        )


STEP_MODULES = [module for module in modules(saga.steps) if not hasattr(module, "__path__")]


class TestStepFiles:
    @pytest.mark.parametrize("module", STEP_MODULES, ids=lambda module: module.__name__)
    def test_hold_the_one_step_they_are_named_after(self, module):
        name = module.__name__.rpartition(".")[2]
        assert [step.name for step in vars(module).values() if isinstance(step, Step | StepWithInput)] == [name]

    @pytest.mark.parametrize("module", STEP_MODULES, ids=lambda module: module.__name__)
    def test_are_in_the_folder_of_their_area(self, module):
        [step] = [step for step in vars(module).values() if isinstance(step, Step | StepWithInput)]
        assert module.__name__ == f"saga.steps.{step.area}.{step.name}"

    def test_are_all_used_by_a_saga(self):
        used = {inspect.unwrap(step.function) for step in STEPS.values()}
        assert {inspect.unwrap(step.function) for step in declared(saga.steps, Step | StepWithInput)} == used


@pytest.mark.parametrize("step", STEPS.values(), ids=str)
class TestSteps:
    def test_are_the_same_in_every_saga_that_has_one_of_this_name(self, step):
        uses = [used for saga in SAGAS for used in saga.steps.values() if step.name == used.name]
        assert {(used.task, used.undo_task) for used in uses} == {(step.task, step.undo_task)}

    def test_have_either_an_undo_or_a_reason_for_none(self, step):
        assert (step.undo_function is None) == bool(step.irreversible)

    def test_are_named_verb_noun_with_the_opposite_verb_for_the_undo(self, step):
        for name in filter(None, (step.name, step.undo_name)):
            assert "_" in name
            assert not name.startswith(("undo", "un_", "rollback", "revert", "compensate"))

    def test_have_docstrings(self, step):
        assert step.function.__doc__
        assert step.undo_function is None or step.undo_function.__doc__

    def test_use_an_existing_queue(self, step):
        assert step.area in queues.TASK_AREAS

    def test_allow_more_attempts_to_undo_than_to_do(self, step):
        assert step.undo_function is None or step.undo_retries.limit > step.retries.limit
