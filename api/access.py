"""Who may call what: the one table, checked before any view runs."""

from flask import Flask, g, request

from api.caller import CUSTOMER
from api.tokens import caller_of_request
from kit.errors import Forbidden, NotConfigured

ANYBODY = frozenset({"anybody"})
ADMINS = frozenset({"super_admin", "company_admin"})
MANAGERS = ADMINS | {"shop_manager"}
STAFF = MANAGERS | {"staff"}
USERS = STAFF | {CUSTOMER}

WHO_MAY: dict[str, frozenset[str]] = {
    "accounts.register": ANYBODY,
    "accounts.verify_email": ANYBODY,  # as with the next but one, the token in the body says who
    "accounts.forgot_password": ANYBODY,
    "accounts.reset_password": ANYBODY,
    "links.show": ANYBODY,
    "auth.log_in": ANYBODY,
    "auth.refresh": ANYBODY,  # the refresh token in the body says who
    "auth.log_out": ANYBODY,
    "me.get_me": USERS,
    "me.ask_for_verification_mail": USERS,
    "me.change_password": USERS,
    "me.change_me": USERS,
    "addresses.list_addresses": USERS,
    "addresses.keep_address": USERS,
    "addresses.change_address": USERS,
    "addresses.forget_address": USERS,
    "second_factor.get_second_factor": USERS,
    "second_factor.offer_second_factor": USERS,
    "second_factor.confirm_second_factor": USERS,
    "second_factor.remove_second_factor": USERS,
    "own_data.export": USERS,
    "own_data.erase": USERS,
    "logins.list_logins": USERS,
    "logins.end_login": USERS,
    "logins.end_all_logins": USERS,
    "companies.found_company": USERS,
    "companies.list_companies": USERS,
    "companies.get_company": USERS,
    "companies.change_company": ADMINS,
    "members.add_member": ADMINS,
    "members.list_members": ADMINS,
    "members.remove_member": ADMINS,
    "shops.open_shop": ADMINS,
    "shops.list_shops": STAFF,
    "shops.get_shop": USERS,
    "products.offer_product": MANAGERS,
    "products.list_products": USERS,
    "products.get_product": USERS,
    "products.change_product": MANAGERS,
    "stock.list_stock": STAFF,
    "stock.count_stock": STAFF,
    "warehouses.create_warehouse": ADMINS,
    "warehouses.list_warehouses": STAFF,
    "orders.place_order": USERS,
    "orders.list_orders": USERS,
    "orders.get_order": USERS,
    "orders.get_order_status": USERS,
    "orders.get_order_saga": USERS,
    "orders.cancel_order": USERS,
    "incidents.list_incidents": ADMINS,
    "incidents.retry_incidents": ADMINS,
    "incidents.skip_incidents": ADMINS,
    "incidents.compensate_incidents": ADMINS,
    "incidents.resolve_incidents": ADMINS,
    "operating.is_alive": ANYBODY,
    "operating.is_ready": ANYBODY,
    "operating.metrics": ANYBODY,
    "operating.list_signing_keys": ANYBODY,
    "api-docs.openapi_json": ANYBODY,
    "api-docs.openapi_swagger_ui": ANYBODY,
    "swagger-ui.asset": ANYBODY,
}


def who_may(endpoint: str) -> frozenset[str]:
    """The roles that may call the endpoint; raises NotConfigured when the table lacks it."""
    if endpoint not in WHO_MAY:
        raise NotConfigured(f"api/access.py does not say who may call {endpoint}")
    return WHO_MAY[endpoint]


def guard(app: Flask) -> None:
    """Check every request against the table, which must have every endpoint of the app."""
    for rule in app.url_map.iter_rules():
        who_may(rule.endpoint)
    app.before_request(_check)


def _check() -> None:
    if request.endpoint is None:
        return  # no such path or method: that answer is everybody's
    allowed = who_may(request.endpoint)
    if allowed == ANYBODY:
        return
    g.caller = caller_of_request()
    if g.caller.role not in allowed:
        raise Forbidden(_refusal(g.caller.role))


def _refusal(role: str) -> str:
    if role == CUSTOMER:
        return "This is for members of a company: log in, or refresh your token, with its company_id."
    return f"Your role here, {role}, does not allow this."
