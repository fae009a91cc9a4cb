"""Take back stock that was sold and not shipped."""

from collections.abc import Sequence
from uuid import UUID

from domain.inventory import reservations as inventory
from saga.engine.retries import UNTIL_DONE
from saga.engine.step import batched_step
from saga.engine.step_functions import Inputs, Subject


@batched_step(area="inventory", retries=UNTIL_DONE, irreversible="the stock is for sale again")
def take_back_stock(subjects: Sequence[Subject], references: Inputs[UUID]) -> None:
    """Return the quantities sold under these references to the stock that they came from."""
    inventory.take_back(order_ids=list(references.values()), company_id=subjects[0].company_id)
