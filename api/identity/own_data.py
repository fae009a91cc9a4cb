"""A user's own data: taking it along, and having it erased."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.caller import current_caller
from api.identity.credentials import proven
from api.identity.own_schemas import ErasureSchema, ExportSchema
from api.sales import views
from api.tenant import acting_at
from domain.identity import memberships, profile, queries, second_factor, sessions
from domain.identity.errors import OrdersInProgress
from domain.sales import queries as sales
from domain.sales.models import Order
from kit import clock, db, tenancy
from kit.tenancy import Tenant

own_data = Blueprint("own_data", __name__, url_prefix="/api/me", description="Your own data")

_PAGE = 100


@own_data.get("/export")
@own_data.response(200, ExportSchema)
def export() -> dict[str, Any]:
    """Take along everything there is about you: your profile, addresses, roles, logins, and all you have ordered."""
    user_id = current_caller().user_id
    with db.transaction(Tenant(user_id=user_id)):  # as a customer, who sees their orders at every company
        about = {
            "user": queries.the_user(user_id=user_id),
            "addresses": profile.addresses(user_id=user_id),
            "memberships": queries.memberships_of(user_id=user_id),
            "logins": sessions.active(user_id=user_id, now=clock.now()),
        }
        ordered = list(_orders(user_id))
    return {**about, "orders": [_in_full(order) for order in ordered]}


@own_data.post("/erase")
@own_data.arguments(ErasureSchema)
@own_data.response(204)
@own_data.alt_response(409, "Conflict")
@own_data.alt_response(429, "TooManyRequests")
def erase(body: dict[str, Any]) -> None:
    """Have yourself erased, for good.

    Your name, address, mail address, phone, logins and roles go; what you have ordered stays with who sold it, as
    nobody's, for their books. It is refused while an order of yours is under way, and while you are the last admin
    of a company.
    """
    with acting_at(None) as caller:
        user_id = caller.user_id
        email = queries.the_user(user_id=user_id).email
    proven(email, body["password"])
    with acting_at(None):
        profile.lock_user(user_id=user_id)
        if sales.has_orders_in_progress(customer_id=user_id, now=clock.now()):
            raise OrdersInProgress
        for membership in queries.memberships_of(user_id=user_id):
            if membership.company_id is not None:
                memberships.leave(user_id=user_id, membership_id=membership.id)
        db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(user_id=user_id)))
        memberships.choose_company(user_id=user_id, company_id=None)
        second_factor.disable(user_id=user_id)
        profile.erase(user_id=user_id)


def _orders(user_id: UUID) -> Iterator[Order]:
    found = sales.orders(customer_id=user_id, limit=_PAGE)
    while found:
        yield from found
        found = sales.orders(customer_id=user_id, limit=_PAGE, after=found[-1].id)


def _in_full(order: Order) -> dict[str, Any]:
    with db.transaction(Tenant(order.company_id, order.customer_id)):
        return views.for_good(order, sales.lines_of(order_ids=[order.id])[order.id], to_seller=False)
