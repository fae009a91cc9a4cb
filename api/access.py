"""Who may call what: the one table of endpoints and the permissions they take, checked before any view runs."""

from typing import Literal

from flask import Flask, g, request

from api import operator_token
from api.caller import MACHINE
from api.tokens import caller_of_request
from domain.identity.permissions import Permission
from domain.identity.roles import CUSTOMER
from kit.errors import Forbidden, NotConfigured

ANYBODY: Literal["anybody"] = "anybody"

OPERATOR: Literal["operator"] = "operator"
"""The operator of the installation, who is not a user: has ORDERX_METRICS_TOKEN, or calls from this machine."""

Needed = Permission | Literal["anybody", "operator"]

WHO_MAY: dict[str, Needed] = {
    "accounts.register": ANYBODY,
    "accounts.verify_email": ANYBODY,  # as with the next but one, the token in the body says who
    "accounts.forgot_password": ANYBODY,
    "accounts.reset_password": ANYBODY,
    "accounts.accept_invitation": ANYBODY,
    "links.show": ANYBODY,
    "website.show_start": ANYBODY,
    "website.show_problem": ANYBODY,
    "auth.log_in": ANYBODY,
    "auth.refresh": ANYBODY,  # the refresh token in the body says who
    "auth.log_out": ANYBODY,
    "me.get_me": "manage_own_account",
    "me.ask_for_verification_mail": "manage_own_account",
    "me.change_password": "manage_own_account",
    "me.change_me": "manage_own_account",
    "addresses.list_addresses": "manage_own_account",
    "addresses.keep_address": "manage_own_account",
    "addresses.change_address": "manage_own_account",
    "addresses.forget_address": "manage_own_account",
    "second_factor.get_second_factor": "manage_own_account",
    "second_factor.offer_second_factor": "manage_own_account",
    "second_factor.confirm_second_factor": "manage_own_account",
    "second_factor.remove_second_factor": "manage_own_account",
    "own_data.export": "manage_own_account",
    "own_data.erase": "manage_own_account",
    "memberships.end_membership": "manage_own_account",
    "logins.list_logins": "manage_own_account",
    "logins.end_login": "manage_own_account",
    "logins.end_all_logins": "manage_own_account",
    "companies.found_company": "create_companies",
    "companies.list_companies": "read_companies",
    "companies.get_company": "read_companies",
    "companies.change_company": "write_companies",
    "plans.list_plans": ANYBODY,
    "standing.get_plan": "read_companies",
    "standing.choose_plan": "write_companies",
    "standing.suspend_company": "suspend_companies",
    "standing.resume_company": "suspend_companies",
    "standing.delete_company": "close_companies",
    "standing.restore_company": "close_companies",
    "standing.list_history": "read_history",
    "api_keys.make_key": "write_keys",
    "api_keys.list_keys": "read_keys",
    "api_keys.revoke_key": "write_keys",
    "members.list_members": "read_members",
    "members.remove_member": "write_members",
    "invitations.invite": "write_members",
    "invitations.list_invitations": "read_members",
    "invitations.withdraw_invitation": "write_members",
    "shops.open_shop": "write_shops",
    "shops.list_shops": "read_shops",
    "shops.get_shop": "visit_shops",
    "shops.change_shop": "write_shops",
    "shops.close_shop": "write_shops",
    "shops.list_staff": "read_staff",
    "locations.add_location": "write_locations",
    "locations.list_locations": "visit_shops",
    "locations.get_location": "visit_shops",
    "locations.get_opening": "visit_shops",
    "locations.change_location": "write_locations",
    "locations.remove_location": "write_locations",
    "products.offer_product": "write_products",
    "products.list_products": "read_products",
    "products.get_product": "read_products",
    "products.change_product": "write_products",
    "stock.list_stock": "read_stock",
    "stock.count_stock": "write_stock",
    "warehouses.create_warehouse": "write_warehouses",
    "warehouses.list_warehouses": "read_warehouses",
    "orders.place_order": "place_orders",
    "orders.list_orders": "read_orders",
    "orders.get_order": "read_orders",
    "orders.get_order_status": "read_orders",
    "orders.get_order_saga": "read_orders",
    "orders.cancel_order": "cancel_orders",
    "incidents.list_incidents": "read_incidents",
    "incidents.retry_incidents": "settle_incidents",
    "incidents.skip_incidents": "settle_incidents",
    "incidents.compensate_incidents": "settle_incidents",
    "incidents.resolve_incidents": "settle_incidents",
    "operating.is_alive": ANYBODY,
    "operating.is_ready": ANYBODY,
    "operating.metrics": OPERATOR,
    "operating.list_signing_keys": ANYBODY,
    "api-docs.openapi_json": ANYBODY,
    "api-docs.openapi_swagger_ui": ANYBODY,
    "swagger-ui.asset": ANYBODY,
}

READS = frozenset({"GET", "HEAD"})
GOES_ON: frozenset[Needed] = frozenset({
    ANYBODY, "manage_own_account", "create_companies", "close_companies", "suspend_companies", "cancel_orders",
    "settle_incidents",
})  # fmt: skip
"""What may be written while the company acted for is suspended: what is not its own, its end, and what ends orders."""


def who_may(endpoint: str) -> Needed:
    """The permission that the endpoint takes, if any; raises NotConfigured when the table lacks it."""
    if endpoint not in WHO_MAY:
        raise NotConfigured(f"api/access.py does not say who may call {endpoint}")
    return WHO_MAY[endpoint]


def guard(app: Flask) -> None:
    """Check every request against the table, which must have every endpoint of the app."""
    for rule in app.url_map.iter_rules():
        who_may(rule.endpoint)
    app.before_request(_check)


def stops_while_suspended() -> bool:
    """Whether this request writes to a company in a way that waits until the company does business again."""
    return waits_while_suspended(request.endpoint or "", request.method)


def waits_while_suspended(endpoint: str, method: str) -> bool:
    """Whether requests of this method to the endpoint are refused while the company acted for is suspended."""
    return method not in READS and who_may(endpoint) not in GOES_ON


def writes() -> bool:
    """Whether this request is one that changes something."""
    return request.method not in READS


def _check() -> None:
    if request.endpoint is None:
        return  # no such path or method: that answer is everybody's
    needed = who_may(request.endpoint)
    if needed == ANYBODY:
        return
    if needed == OPERATOR:
        operator_token.require()
        return
    g.caller = caller_of_request()
    if needed not in g.caller.permission_set.permissions:
        raise Forbidden(_refusal(g.caller.role))


def _refusal(role: str) -> str:
    if role == CUSTOMER:
        return "This is for members of a company: log in, or refresh your token, with its company_id."
    if role == MACHINE:
        return "This API key does not allow this."
    return f"Your role here, {role}, does not allow this."
