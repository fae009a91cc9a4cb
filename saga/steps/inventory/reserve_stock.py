"""Reserve stock; release it when the saga is undone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.inventory import reservations as inventory
from domain.inventory.allocation import ReservationRequest
from domain.sales.errors import not_enough
from domain.sales.queries import OrderedProduct
from saga.engine.errors import Refused
from saga.engine.step import batched_step
from saga.engine.step_functions import Inputs, OutcomesBySubject, Subject


@dataclass(frozen=True, slots=True)
class StockRequest:
    """Products to reserve under a reference; only from these warehouses, if they are given."""

    reference: UUID
    products: Sequence[OrderedProduct]
    warehouse_ids: Collection[UUID] | None = None

    def as_reservation(self) -> ReservationRequest:
        """The request without the names, which are for messages."""
        quantities = {product.product_id: product.quantity for product in self.products}
        return ReservationRequest(self.reference, quantities, self.warehouse_ids)

    def shortage(self, product_id: UUID) -> str:
        """The message that there is not enough of this product."""
        product = next(product for product in self.products if product.product_id == product_id)
        return not_enough(name=product.name, sku=product.sku)


@batched_step(area="inventory")
def reserve_stock(subjects: Sequence[Subject], requests: Inputs[StockRequest]) -> OutcomesBySubject:
    """Reserve all products of each request, or none of them."""
    errors = inventory.reserve(
        company_id=subjects[0].company_id, requests=[requests[subject.id].as_reservation() for subject in subjects]
    )
    return {
        subject_id: Refused(error.code, request.shortage(error.product_id))
        for subject_id, request in requests.items()
        if (error := errors.get(request.reference))
    }


@reserve_stock.batched_undo
def release_stock(subjects: Sequence[Subject], requests: Inputs[StockRequest]) -> None:
    """Release the reserved stock. Does nothing where none was reserved."""
    references = [requests[subject.id].reference for subject in subjects]
    inventory.release(order_ids=references, company_id=subjects[0].company_id)
