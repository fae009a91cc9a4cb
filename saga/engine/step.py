"""Declare steps with their undos.

The engine runs every step, and every undo, for a batch of subjects of one company. `@batched_step` declares a function
that takes a batch; `@step` declares one that takes a single subject, and makes it take a batch. A step that needs more
than its subjects takes an input of a declared type for each of them, and each saga says where it comes from:
`reserve_stock.using(order_lines)`. So one step serves orders, exchanges and transfers alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from typing import Any, Generic, Protocol, TypeVar, overload

from saga.engine.batch_functions import continued_by, for_each, with_inputs
from saga.engine.retries import UNDO_RETRIES, Retries
from saga.engine.step_functions import (
    AnswersFunction,
    AnswersFunctionWithInput,
    BatchFunction,
    BatchFunctionWithInput,
    CallsFunction,
    CallsFunctionWithInput,
    InputLoader,
    StepFunction,
    StepFunctionWithInput,
)

T = TypeVar("T")
SingleFunction = TypeVar("SingleFunction", bound=Callable[..., Any])
AnyBatchFunction = TypeVar("AnyBatchFunction", bound=Callable[..., Any])
AnyAnswersFunction = TypeVar("AnyAnswersFunction", bound=Callable[..., Any])


@dataclass(eq=False)
class DeclaredStep(Generic[SingleFunction, AnyBatchFunction, AnyAnswersFunction]):
    """What `@step` and `@batched_step` declare: a function, its undo, its area and its retries."""

    function: AnyBatchFunction
    area: str
    retries: Retries
    irreversible: str | None
    undo_function: AnyBatchFunction | None = None
    undo_retries: Retries = UNDO_RETRIES

    @cached_property
    def name(self) -> str:
        """The name of the step's function: `reserve_stock`."""
        return self.function.__name__

    def on_answers(self, function: AnyAnswersFunction) -> AnyAnswersFunction:
        """Declare what a batched step does with the answers to the external calls that its function returns.

        It is called with the subjects whose calls succeeded and whose sagas still accept the answer, and returns their
        outcomes. Slow answers come in later calls.
        """
        self.function = continued_by(self.function, function)
        return function

    def undo(self, function: SingleFunction) -> SingleFunction:
        """Declare the undo of this step. It must do no harm where the step has had no effect."""
        self.undo_function = for_each(function)
        return function

    def batched_undo(self, function: AnyBatchFunction) -> AnyBatchFunction:
        """Declare an undo that runs for many subjects at once. Otherwise the same as `undo`."""
        self.undo_function = function
        return function

    def __str__(self) -> str:
        return self.name


class Step(DeclaredStep[StepFunction, BatchFunction, AnswersFunction]):
    """One step of a saga, with its undo."""

    @property
    def undo_name(self) -> str | None:
        """The name of the undo function, if there is one: `release_stock`."""
        return self.undo_function.__name__ if self.undo_function else None

    @cached_property
    def task(self) -> str:
        """The name of the step's Celery task: `inventory.reserve_stock`."""
        return f"{self.area}.{self.name}"

    @property
    def undo_task(self) -> str:
        """The name of the undo's Celery task: `inventory.release_stock`."""
        return f"{self.area}.{self.undo_name}"


class StepWithInput(
    DeclaredStep[StepFunctionWithInput[T], BatchFunctionWithInput[T], AnswersFunctionWithInput[T]], Generic[T]
):
    """A step that takes an input for each subject, as does its undo. It becomes a saga's step by `using`."""

    def using(self, load: InputLoader[T], *, name: str | None = None, undo_name: str | None = None) -> Step:
        """Return the saga's step, which takes the inputs that `load` returns.

        A saga that uses a step twice gives the second use a `name`, and its undo an `undo_name`: the journal and the
        tasks know steps by their names.
        """
        undo = self.undo_function
        return Step(
            with_inputs(self.function, load, name=name or self.name),
            self.area,
            self.retries,
            self.irreversible,
            with_inputs(undo, load, name=undo_name or undo.__name__) if undo else None,
            self.undo_retries,
        )


class _DeclareStep(Protocol):
    @overload
    def __call__(self, function: StepFunction) -> Step: ...
    @overload
    def __call__(self, function: StepFunctionWithInput[T]) -> StepWithInput[T]: ...


class _DeclareBatchedStep(Protocol):
    @overload
    def __call__(self, function: BatchFunction | CallsFunction) -> Step: ...
    @overload
    def __call__(self, function: BatchFunctionWithInput[T] | CallsFunctionWithInput[T]) -> StepWithInput[T]: ...


def step(*, area: str, retries: Retries | None = None, irreversible: str | None = None) -> _DeclareStep:
    """Declare a step of an area. A step without an undo gives the reason as `irreversible`."""
    return lambda function: _declare(for_each(function), area, retries, irreversible)


def batched_step(*, area: str, retries: Retries | None = None, irreversible: str | None = None) -> _DeclareBatchedStep:
    """Declare a step that runs for many subjects at once. Otherwise the same as `step`."""
    return lambda function: _declare(function, area, retries, irreversible)


def _declare(function: Callable[..., Any], area: str, retries: Retries | None, irreversible: str | None) -> Any:
    takes_input = len(signature(function).parameters) > 1
    declared: type[Step | StepWithInput[Any]] = StepWithInput if takes_input else Step
    return declared(function, area, retries or Retries(), irreversible)
