"""Running a whole stack of one's own, as `orderx up` does."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.chaos.stack import DECLINE_LIMITS
from ops.cluster import ClusterStack
from ops.services import directories
from ops.stack import Stack
from tests import needs


class StackWithoutDeclineLimits(Stack):
    """A stack on which one customer may have any number of payments declined."""

    def _other_settings(self) -> dict[str, str]:
        return {**super()._other_settings(), **dict.fromkeys(DECLINE_LIMITS, "1000000")}


@contextmanager
def running_stack(*, crash_points: str | None = None) -> Iterator[Stack]:
    """A stack in a directory of its own, on a RabbitMQ; processes die at the points asked for in `crash_points` there.

    What the tests have set for themselves is not its business.
    """
    needs.a_real_rabbitmq()
    ours = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("ORDERX_")}
    with directories.temporary("orderx-stack-") as home:
        try:
            stack = _stack(home, crash_points)
        finally:
            os.environ.update(ours)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


@contextmanager
def running_cluster() -> Iterator[ClusterStack]:
    """The same on three RabbitMQ nodes, and a PostgreSQL primary with a synchronous standby."""
    needs.a_real_rabbitmq()
    ours = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("ORDERX_")}
    with directories.temporary("orderx-cluster-") as home:
        try:
            stack = ClusterStack(home)
        finally:
            os.environ.update(ours)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


def _stack(home: Path, crash_points: str | None) -> Stack:
    if crash_points is None:
        return StackWithoutDeclineLimits(home, usual_ports=False)
    os.environ["ORDERX_CRASH_DIR"] = str(directories.make(home / crash_points))
    try:
        return StackWithoutDeclineLimits(home, usual_ports=False)
    finally:
        del os.environ["ORDERX_CRASH_DIR"]
