"""The inputs of steps in sagas about refunds."""

from collections.abc import Sequence

from domain.payments import refunds
from domain.payments.refunds import RefundToExecute
from saga.engine.step_functions import Inputs, Subject


def refund_parts(subjects: Sequence[Subject]) -> Inputs[RefundToExecute]:
    """Each refund, with its parts that are not decided."""
    return refunds.to_execute(refund_ids=[subject.id for subject in subjects])
