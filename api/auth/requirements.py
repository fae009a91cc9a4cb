"""The permission that each endpoint requires. It stands at the route and is checked before the view runs."""

from typing import Literal

from flask import Flask, g, request

from api.auth import operator_token
from api.auth.caller import API_KEY
from api.auth.tokens import authenticate_request
from domain.access.permissions import Permission
from domain.access.roles import CUSTOMER
from kit.errors import Forbidden, NotConfigured

PUBLIC: Literal["public"] = "public"
"""No token is needed. Some of these endpoints identify the user by a token in the body."""
OPERATOR: Literal["operator"] = "operator"
"""The operator of the installation, who is not a user: sends ORDERX_METRICS_TOKEN, or calls from this machine."""

Requirement = Permission | Literal["public", "operator"]

REQUIRED: dict[str, Requirement] = {
    "links.show": PUBLIC,
    "website.show_home": PUBLIC,
    "website.show_problem": PUBLIC,
    "api-docs.openapi_json": PUBLIC,
    "asyncapi.show": PUBLIC,
    "api-docs.openapi_swagger_ui": PUBLIC,
    "swagger-ui.asset": PUBLIC,
}
"""What each endpoint requires. Routes of our blueprints add themselves with `@blueprint.requires(...)`."""

READ_METHODS = frozenset({"GET", "HEAD"})
ALLOWED_WHILE_SUSPENDED: frozenset[Requirement] = frozenset({
    PUBLIC, "manage_own_account", "create_companies", "close_companies", "suspend_companies", "cancel_orders",
    "resolve_incidents",
})  # fmt: skip
"""Writes to a suspended company that need one of these are accepted: the rest is refused until it is resumed.

They concern the user's own account or another company, decide about the company itself, or help orders to end.
"""


def required_permission(endpoint: str) -> Requirement:
    """What the endpoint requires; raises NotConfigured for an endpoint without `@blueprint.requires`."""
    if endpoint not in REQUIRED:
        raise NotConfigured(f"the route of {endpoint} does not say which permission it requires")
    return REQUIRED[endpoint]


def register(app: Flask) -> None:
    """Check the permission for every request; raises NotConfigured if an endpoint of the app states none."""
    for rule in app.url_map.iter_rules():
        required_permission(rule.endpoint)
    app.before_request(_check)


def is_blocked_while_suspended() -> bool:
    """Whether this request is refused while its company is suspended."""
    return blocked_while_suspended(request.endpoint or "", request.method)


def blocked_while_suspended(endpoint: str, method: str) -> bool:
    """Whether requests with this method to the endpoint are refused while the caller's company is suspended."""
    return method not in READ_METHODS and required_permission(endpoint) not in ALLOWED_WHILE_SUSPENDED


def is_write() -> bool:
    """Whether this request may change data."""
    return request.method not in READ_METHODS


def _check() -> None:
    if request.endpoint is None:
        return  # unknown path or method: 404 or 405 for everybody
    required = required_permission(request.endpoint)
    if required == PUBLIC:
        return
    if required == OPERATOR:
        operator_token.require()
        return
    g.caller = authenticate_request()
    if required not in g.caller.permission_set.permissions:
        raise Forbidden(_refusal(g.caller.role))


def _refusal(role: str) -> str:
    if role == CUSTOMER:
        return "Only members of a company may do this. Log in or refresh your token with its company_id."
    if role == API_KEY:
        return "This API key does not have the permission."
    return f"Your role {role} does not have the permission."
