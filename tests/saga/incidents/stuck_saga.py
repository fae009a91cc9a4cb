"""A stuck saga for tests of what an operator does about it."""

from collections.abc import Callable

from saga.engine.definition import Saga
from tests.saga.engine.saga_harness import SagaHarness

WHY = {"reason": "the printer is repaired", "by": "ada"}


class StuckSaga:
    """A stuck saga and its messages."""

    def __init__(self, harness: SagaHarness, saga: Saga) -> None:
        self._harness = harness
        self.ref, self.deliveries = harness.start(saga)
        self.deliveries.deliver_all()
        assert self.state == "stuck"

    @property
    def state(self) -> str:
        return self._harness.state(self.ref)

    def apply(self, action: Callable[..., None]) -> None:
        action(self.ref, self.deliveries.find, **WHY)

    def tasks(self) -> list[str]:
        self.deliveries.collect()
        return [task["task"] for task in self.deliveries.tasks]

    def final_state(self) -> str:
        """The state of the saga once all messages are delivered."""
        self.deliveries.deliver_all()
        return self.state
