"""The OpenAPI 3.1 document: what every operation shares is filled in from the table of who may call it."""

from functools import cached_property
from http import HTTPStatus
from typing import Any

from apispec import BasePlugin
from flask import Flask, Response, current_app, json
from flask_smorest import Api
from werkzeug.routing import Rule

from api.access import ANYBODY, OPERATOR, Needed, who_may
from api.json_schemas import Schemas
from api.problem_schemas import ProblemSchema
from api.refusals import ALSO_REFUSED, forbidden, refusals_of
from domain.identity.permissions import API_KEY_PERMISSIONS, ROLES, roles_with
from kit.config import settings
from kit.errors import Forbidden

PROBLEMS = {
    "BadRequest": (HTTPStatus.BAD_REQUEST, "The body is not JSON, or something is sent more than once"),
    "Unauthenticated": (HTTPStatus.UNAUTHORIZED, "There is no token, or it is no good (any more)"),
    "NotFound": (HTTPStatus.NOT_FOUND, "There is no such thing, or it is another company's"),
    "Conflict": (HTTPStatus.CONFLICT, "The current state does not allow this"),
    "PreconditionFailed": (HTTPStatus.PRECONDITION_FAILED, "It has changed since the version in If-Match"),
    "TooLarge": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is larger than 1 MiB, or has too many values"),
    "NotJson": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is not sent as application/json, or is compressed"),
    "Invalid": (HTTPStatus.UNPROCESSABLE_ENTITY, "A field is wrong; `errors` names it and says how to put it right"),
    "TooManyRequests": (HTTPStatus.TOO_MANY_REQUESTS, "Too many attempts; see Retry-After"),
    "Unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "Something we depend on does not answer; see Retry-After"),
}
IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "description": "The ETag of the version this is meant for; of several, any one will do",
    "schema": {"type": "string", "examples": ['"1"']},
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "description": "The ETag of the version you have: while it is the current one, nothing is sent (304)",
    "schema": {"type": "string", "examples": ['"1"']},
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "Any text of yours; repeated within 24 hours, it stands for the same order",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
}
PREFER = {
    "in": "header",
    "name": "Prefer",
    "description": "`wait=N`: answer when the order has ended, or after N seconds, 30 at most (RFC 7240)",
    "schema": {"type": "string", "examples": ["wait=10"]},
}
LINKS = {
    "found_company": ("company_id", ("get_company",)),
    "open_shop": ("shop_id", ("get_shop",)),
    "offer_product": ("product_id", ("get_product", "change_product", "list_stock")),
    "place_order": ("order_id", ("get_order", "get_order_status", "get_order_saga", "cancel_order")),
    "accept_invitation": ("membership_id", ("end_membership",)),
    "invite": ("invitation_id", ("withdraw_invitation",)),
    "make_key": ("key_id", ("revoke_key",)),
    "keep_address": ("address_id", ("change_address", "forget_address")),
}
"""For each operation that makes something: where the `id` it answers is put, and by which operations."""
INTRODUCTION = """\
Orders that never oversell, never charge twice and are never lost.

Register, found a company, open a shop, offer products, give them stock: then anybody can order.
People send an access token (`Authorization: Bearer …`), machines an API key of their company's in its place.
Errors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problems with a stable `code`.
Amounts are whole minor units: 1999 of EUR is €19.99. Times are UTC (RFC 3339).
A field that is left out has its default, or stays as it is; null says that there is none, where a field may be without.
Text is one line with something to see in it, without control or direction characters.
Names and the lines of addresses hold no links: no `://` and no `www.`.
Lists come in pages: pass the `next` of one as `after` to get the following one."""


def configure(app: Flask) -> Api:
    """Serve the document at /api/openapi.json and Swagger UI, from local files, at /api/docs."""
    app.config.update(
        API_TITLE="OrderX",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_SWAGGER_UI_PATH="/docs",
        OPENAPI_SWAGGER_UI_URL="/api/docs/assets/",
        OPENAPI_SWAGGER_UI_CONFIG={"validatorUrl": None, "persistAuthorization": True},
    )
    plugins = {"marshmallow_plugin": Schemas(), "extra_plugins": [SharedByAll()]}
    api = DocumentedApi(app, spec_kwargs={**plugins, "info": _info(), "servers": [{"url": "/"}]})
    api.DEFAULT_ERROR_RESPONSE_NAME = None
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    operator = {"type": "http", "scheme": "bearer", "description": "ORDERX_METRICS_TOKEN of whoever runs OrderX"}
    api.spec.components.security_scheme("operator", operator)
    for name, (_, description) in PROBLEMS.items():
        api.spec.components.response(
            name, {"description": description, "content": {"application/problem+json": {"schema": ProblemSchema}}}
        )
    return api


def _info() -> dict[str, Any]:
    return {
        "description": INTRODUCTION,
        "contact": {"name": "Who runs this server", "url": settings().require("public_url")},
        "license": {"name": "All rights reserved", "identifier": "LicenseRef-All-rights-reserved"},
    }


class DocumentedApi(Api):
    """flask-smorest's API, with the document serialized once: that takes 12 ms, and anybody may ask for it."""

    @cached_property
    def _document(self) -> str:
        return json.dumps(self.spec.to_dict())

    def _register_responses(self) -> None:
        """Leave flask-smorest's own errors out: ours are problems."""

    def _register_pagination_header(self) -> None:
        """Leave flask-smorest's own pages out: ours are in the body."""

    def _openapi_json(self) -> Response:
        return current_app.response_class(self._document, mimetype="application/json")


class SharedByAll(BasePlugin):
    """Fills in each operation's id, who may call it, and the problems its shape can lead to."""

    def operation_helper(
        self, path: str | None = None, operations: dict[str, Any] | None = None, *, rule: Rule, **_: Any
    ) -> None:
        """Complete the operations of a path (apispec's hook)."""
        needed = who_may(rule.endpoint)
        for method, operation in (operations or {}).items():
            operation["operationId"] = rule.endpoint.partition(".")[2]
            operation["security"] = _security(needed)
            described = [operation["description"]] if "description" in operation else []
            operation["description"] = "\n\n".join([*described, _who_may(needed)])
            refusals = refusals_of(rule.endpoint, method.upper(), operation.pop(ALSO_REFUSED, []))
            operation["responses"] = _with_problems(operation, refusals, has_ids="{" in (path or ""))
            _link(operation)


def _security(needed: Needed) -> list[dict[str, list[str]]]:
    if needed == ANYBODY:
        return []
    return [{"operator": []}] if needed == OPERATOR else [{"bearer": []}]


def _who_may(needed: Needed) -> str:
    if needed == ANYBODY:
        return "Takes no token."
    if needed == OPERATOR:
        return "Takes the operator's token, which no user has."
    roles = roles_with(needed)
    held_by = "every role has" if roles == list(ROLES) else f"these roles have: {', '.join(roles)}"
    return f"Takes `{needed}`, which {held_by}.{' API keys can have it.' if needed in API_KEY_PERMISSIONS else ''}"


def _link(operation: dict[str, Any]) -> None:
    """Say what may follow an operation that makes something."""
    if operation["operationId"] in LINKS:
        name, followers = LINKS[operation["operationId"]]
        links = {each: {"operationId": each, "parameters": {name: "$response.body#/id"}} for each in followers}
        for status, response in operation["responses"].items():
            if status.startswith("2"):
                response["links"] = links


def _with_problems(operation: dict[str, Any], refusals: list[type[Forbidden]], *, has_ids: bool) -> dict[str, Any]:
    named = {str(code): response for code, response in operation["responses"].items()}
    has_body = "requestBody" in operation
    has_query = any(each.get("in") == "query" for each in operation.get("parameters", []))
    possible = {
        "BadRequest": has_body or has_query,
        "Unauthenticated": bool(operation["security"]),
        "NotFound": has_ids,
        "TooLarge": has_body,
        "NotJson": has_body,
        "Invalid": "422" in named,
        "TooManyRequests": True,
        "Unavailable": True,
    }
    problems: dict[str, Any] = {str(PROBLEMS[name][0].value): name for name, so in possible.items() if so}
    if IF_NONE_MATCH in operation.get("parameters", []):
        named["304"] = {"description": "It has not changed since the version in If-None-Match"}
    if refusals:
        problems["403"] = forbidden(refusals)
    return dict(sorted({**named, **problems}.items()))
