"""Commit reserved stock: it is sold."""

from collections.abc import Sequence
from uuid import UUID

from domain.inventory import reservations as inventory
from saga.engine.retries import UNTIL_DONE
from saga.engine.step import batched_step
from saga.engine.step_functions import Inputs, Subject


@batched_step(area="inventory", retries=UNTIL_DONE, irreversible="the payment is captured: the sale is final")
def commit_stock(subjects: Sequence[Subject], references: Inputs[UUID]) -> None:
    """Turn the quantities reserved under these references into sold ones."""
    inventory.commit(order_ids=list(references.values()), company_id=subjects[0].company_id)
