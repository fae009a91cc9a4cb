"""The functions of steps and undos: what they take and return, for one subject or for a batch of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from kit.db import Json
from saga.engine.errors import Refused, TryAgain

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a saga is about, such as an order, as its steps see it; `now` is the time of the transaction (UTC)."""

    id: UUID
    company_id: UUID
    saga_id: UUID
    now: datetime
    idempotency_key: str
    """The same at every attempt of this step of this saga: for the one external call that the step may make."""
    begun_before: bool = False
    """Whether an earlier attempt was begun: its external call may have been made, and the answer lost."""
    outcomes: Mapping[str, Json] = field(default_factory=dict, compare=False)
    """What earlier steps have returned, and the payloads of signals, by name (see Signal.payload_in)."""


Call = Callable[[], Any]
Outcome = Json | Refused | TryAgain | None
StepFunction = Callable[[Subject], Outcome] | Callable[[Subject], Generator[Call, Any, Outcome]]
"""The function of a step, or of an undo, for one subject.

A plain function runs in one transaction. A generator function makes one external call, `answer = yield call`: the code
before the yield is one transaction, which records the intent; the call is made outside of any transaction; the code
after the yield is a second transaction. It returns the outcome: a JSON object or None for success, or else Refused or
TryAgain.
"""

# By subject id. A subject without an outcome has succeeded, with None.
Calls = Mapping[UUID, Call]
Answers = Mapping[UUID, Any]
OutcomesBySubject = Mapping[UUID, Outcome]


class Continuation(ABC):
    """What is left of a step, or of an undo, that makes external calls: the calls, and what follows their answers."""

    calls: Calls
    """By subject id, for the subjects that need one."""
    outcomes: OutcomesBySubject
    """The outcomes of the subjects that need none."""

    @abstractmethod
    def resume(self, answers: Answers) -> OutcomesBySubject:
        """Return the outcomes of the subjects whose calls were answered. A subject is resumed at most once."""


BatchFunction = Callable[[Sequence[Subject]], OutcomesBySubject | Continuation | None]
"""The function of a step, or of an undo, for many subjects of one company: each statement serves all of them."""
CallsFunction = Callable[[Sequence[Subject]], Calls]
"""The first half of a batched step with external calls: it returns the calls of the subjects that need one."""
AnswersFunction = Callable[[Sequence[Subject], Answers], OutcomesBySubject]
"""The second half, see `Step.on_answers`."""

Inputs = Mapping[UUID, T]
"""What a step takes besides its subjects, by subject id: for each one a value of the type that the step declares."""
InputLoader = Callable[[Sequence[Subject]], Inputs[T]]
"""Reads these inputs, in the step's transaction. It returns one for each subject."""

StepFunctionWithInput = Callable[[Subject, T], Outcome] | Callable[[Subject, T], Generator[Call, Any, Outcome]]
BatchFunctionWithInput = Callable[[Sequence[Subject], Inputs[T]], OutcomesBySubject | Continuation | None]
CallsFunctionWithInput = Callable[[Sequence[Subject], Inputs[T]], Calls]
AnswersFunctionWithInput = Callable[[Sequence[Subject], Inputs[T], Answers], OutcomesBySubject]


@dataclass(frozen=True, slots=True, eq=False)
class SharedCall:
    """One external call for several subjects: it is made once, and returns their answers by subject id."""

    call: Callable[[], Answers]

    def __call__(self) -> Answers:
        """Make the call."""
        return self.call()
