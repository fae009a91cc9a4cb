"""The metrics of steps: how long each took, by its outcome."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial

from prometheus_client import Histogram

from kit import db
from saga.engine.errors import Refused, TryAgain
from saga.engine.step_functions import Outcome

STEP_SECONDS = Histogram(
    "orderx_step_duration_seconds",
    "Duration of a step or an undo with its external calls; in a batch, of the whole batch, once per subject",
    ["step", "outcome"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def observe_after_commit(step_name: str, outcomes: Iterable[Outcome], seconds: float) -> None:
    """Observe the duration once for each outcome, when the transaction has committed."""
    db.after_commit(partial(_observe, step_name, Counter(map(_label, outcomes)), seconds))


def _observe(step_name: str, labels: Mapping[str, int], seconds: float) -> None:
    """Record the duration once per subject, with the label of its outcome."""
    for label, subjects in labels.items():
        histogram = STEP_SECONDS.labels(step_name, label)
        for _ in range(subjects):
            histogram.observe(seconds)


def _label(outcome: Outcome) -> str:
    """The outcome as a label of STEP_SECONDS."""
    if isinstance(outcome, Refused):
        return "refused"
    return "retried" if isinstance(outcome, TryAgain) else "done"
