"""A stuck saga for tests of what an operator does about it."""

from collections.abc import Callable

from saga.engine.definition import Saga
from tests.saga.engine.workshop import Workshop

WHY = {"reason": "the printer is repaired", "by": "ada"}


class Stuck:
    """A stuck saga and its messages."""

    def __init__(self, workshop: Workshop, saga: Saga) -> None:
        self._workshop = workshop
        self.ref, self.deliveries = workshop.start(saga)
        self.deliveries.until_quiet()
        assert self.state == "stuck"

    @property
    def state(self) -> str:
        return self._workshop.state(self.ref)

    def act(self, action: Callable[..., None]) -> None:
        action(self.ref, self.deliveries.find, **WHY)

    def tasks(self) -> list[str]:
        self.deliveries.collect()
        return [task["task"] for task in self.deliveries.tasks]

    def ends(self) -> str:
        """The state of the saga once all messages are delivered."""
        self.deliveries.until_quiet()
        return self.state
