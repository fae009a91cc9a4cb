"""Export and erasure of a user's data."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from api.accounts.credentials import verify_password
from api.accounts.profile_schemas import ErasureSchema, UserDataSchema
from api.auth.caller import current_caller
from api.auth.transactions import company_transaction
from api.http.blueprint import Blueprint
from api.sales import serializers
from domain.access import memberships
from domain.access import queries as access
from domain.accounts import profile, queries, second_factor, sessions
from domain.accounts.errors import OrdersInProgress
from domain.sales import queries as sales
from domain.sales.models import Order
from kit import clock, db, tenancy
from kit.tenancy import Tenant

blueprint = Blueprint("privacy", __name__, url_prefix="/api/me", description="Export and erasure of your data")

_PAGE_SIZE = 100


@blueprint.get("/export")
@blueprint.requires("manage_own_account")
@blueprint.response(200, UserDataSchema)
def export_my_data() -> dict[str, Any]:
    """Export all your data: your profile, addresses, roles, sessions and orders."""
    user_id = current_caller().user_id
    with db.transaction(Tenant(user_id=user_id)):  # as a customer, who sees their orders in all companies
        user_data = {
            "user": queries.the_user(user_id=user_id),
            "addresses": profile.addresses(user_id=user_id),
            "memberships": access.memberships_of(user_id=user_id),
            "sessions": sessions.active(user_id=user_id, now=clock.now()),
        }
        orders = list(_orders(user_id))
    return {**user_data, "orders": [_details(order) for order in orders]}


@blueprint.post("/erase")
@blueprint.requires("manage_own_account")
@blueprint.arguments(ErasureSchema)
@blueprint.response(204)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(429, "TooManyRequests")
def erase_my_account(body: dict[str, Any]) -> None:
    """Erase your account permanently.

    Your name, mail address, phone, addresses, sessions and roles are deleted. Sellers keep your orders anonymously, for
    their bookkeeping. Refused while one of your orders is in progress, and while you are the last admin of a company.
    """
    with company_transaction(None) as caller:
        user_id = caller.user_id
        email = queries.the_user(user_id=user_id).email
    verify_password(email, body["password"])
    with company_transaction(None):
        profile.lock_user(user_id=user_id)
        if sales.has_orders_in_progress(customer_id=user_id, now=clock.now()):
            raise OrdersInProgress
        for membership in access.memberships_of(user_id=user_id):
            if membership.company_id is not None:
                memberships.leave(user_id=user_id, membership_id=membership.id)
        db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(user_id=user_id)))
        memberships.choose_company(user_id=user_id, company_id=None)
        second_factor.disable(user_id=user_id)
        profile.erase(user_id=user_id)


def _orders(user_id: UUID) -> Iterator[Order]:
    page = sales.orders(customer_id=user_id, limit=_PAGE_SIZE)
    while page:
        yield from page
        page = sales.orders(customer_id=user_id, limit=_PAGE_SIZE, after=page[-1].id)


def _details(order: Order) -> dict[str, Any]:
    with db.transaction(Tenant(order.company_id, order.customer_id)):
        return serializers.order_details(order, sales.lines_of(order_ids=[order.id])[order.id], to_seller=False)
