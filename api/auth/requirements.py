"""The permission that each endpoint requires. It stands at the route and is checked before the view runs."""

from typing import Literal

from flask import Flask, g, request

from api.auth import operator_token
from api.auth.caller import API_KEY
from api.auth.tokens import authenticate_request
from domain.access import permission_sets
from domain.access.roles import CUSTOMER
from kit.errors import Forbidden, NotConfigured

PUBLIC: Literal["public"] = "public"
"""No token is needed. Some of these endpoints identify the user by a token in the body."""
OPERATOR: Literal["operator"] = "operator"
"""The operator of the installation, who is not a user: sends ORDERX_METRICS_TOKEN, or calls from this machine."""

Requirement = str
"""PUBLIC, OPERATOR, or the name of a permission that an area declares."""

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


def required_permission(endpoint: str) -> Requirement:
    """What the endpoint requires.

    Raises NotConfigured for an endpoint without `@blueprint.requires`, or with a permission that no area declares.
    """
    if endpoint not in REQUIRED:
        raise NotConfigured(f"the route of {endpoint} does not say which permission it requires")
    required = REQUIRED[endpoint]
    if required not in (PUBLIC, OPERATOR) and required not in permission_sets.declared():
        raise NotConfigured(f"the route of {endpoint} requires {required}, a permission that no area declares")
    return required


def register(app: Flask) -> None:
    """Check the permission for every request; raises NotConfigured as `required_permission` does."""
    for rule in app.url_map.iter_rules():
        required_permission(rule.endpoint)
    app.before_request(_check_permission)


def is_request_blocked_while_suspended() -> bool:
    """Whether this request is refused while its company is suspended."""
    return is_blocked_while_suspended(request.endpoint or "", request.method)


def is_blocked_while_suspended(endpoint: str, method: str) -> bool:
    """Whether requests with this method to the endpoint are refused while the caller's company is suspended."""
    required = required_permission(endpoint)
    if method in READ_METHODS or required == PUBLIC:
        return False
    return required == OPERATOR or not permission_sets.declared()[required].while_suspended


def is_write() -> bool:
    """Whether this request may change data."""
    return request.method not in READ_METHODS


def _check_permission() -> None:
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
