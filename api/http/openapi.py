"""The OpenAPI 3.1 document, with the parts that all operations share."""

from functools import cached_property
from http import HTTPStatus
from typing import Any

from apispec import BasePlugin
from flask import Flask, Response, current_app, json
from flask_smorest import Api
from werkzeug.routing import Rule

from api.auth.requirements import OPERATOR, PUBLIC, Requirement, required_permission
from api.http.openapi_schemas import SchemaPlugin
from api.http.problem_schemas import ProblemSchema
from api.http.refusals import OPERATION_REFUSALS_KEY, forbidden, refusals_of
from domain.access.permission_sets import ROLES, api_key_permissions, roles_with
from kit.config import settings
from kit.errors import Forbidden

PROBLEMS = {
    "BadRequest": (HTTPStatus.BAD_REQUEST, "The body is not JSON, or a name occurs more than once"),
    "Unauthenticated": (HTTPStatus.UNAUTHORIZED, "The token is missing, invalid or expired"),
    "NotFound": (HTTPStatus.NOT_FOUND, "It does not exist, or belongs to another company"),
    "Conflict": (HTTPStatus.CONFLICT, "The current state does not allow this operation"),
    "PreconditionFailed": (HTTPStatus.PRECONDITION_FAILED, "It has changed since the version in If-Match"),
    "ContentTooLarge": (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The body is larger than 1 MiB, or has too many values",
    ),
    "UnsupportedMediaType": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is not application/json, or is compressed"),
    "Invalid": (HTTPStatus.UNPROCESSABLE_ENTITY, "A field is invalid; `errors` names it and says how to fix it"),
    "TooManyRequests": (HTTPStatus.TOO_MANY_REQUESTS, "Too many requests or attempts; see Retry-After"),
    "Unavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "A service that the API needs is unavailable; see Retry-After"),
}
IF_MATCH_HEADER = {
    "in": "header",
    "name": "If-Match",
    "description": "The ETag of the version to change, or several, any of which may be current",
    "schema": {"type": "string", "examples": ['"1"']},
}
IF_NONE_MATCH_HEADER = {
    "in": "header",
    "name": "If-None-Match",
    "description": "The ETag of the version you have; the response is 304 while it is current",
    "schema": {"type": "string", "examples": ['"1"']},
}
IDEMPOTENCY_KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "A unique text of your choice; repeated within 24 hours, it refers to the same order",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
}
PREFER_HEADER = {
    "in": "header",
    "name": "Prefer",
    "description": "`wait=N`: respond when the order is paid or failed, or after N seconds (at most 30; RFC 7240)",
    "schema": {"type": "string", "examples": ["wait=10"]},
}
LINKS = {
    "create_company": ("company_id", ("get_company",)),
    "create_shop": ("shop_id", ("get_shop",)),
    "create_product": ("product_id", ("get_product", "update_product", "list_stock_levels")),
    "place_order": ("order_id", ("get_order", "get_order_status", "list_order_sagas", "cancel_order")),
    "accept_invitation": ("membership_id", ("end_membership",)),
    "create_invitation": ("invitation_id", ("revoke_invitation",)),
    "create_api_key": ("key_id", ("revoke_api_key",)),
    "create_address": ("address_id", ("update_address", "delete_address")),
}
"""For each operation that creates a resource: the path parameter for its `id`, and the operations that take it."""
INTRODUCTION = """\
Orders that never oversell, never charge twice and are never lost.

To sell: register, create a company, a shop and products, and set their stock levels. Then customers can order.
Send an access token or an API key of your company as `Authorization: Bearer …`.
Errors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problems with a stable `code`.
Amounts are integers in minor units: 1999 EUR is €19.99. Times are UTC (RFC 3339).
A field that is left out has its default, or is not changed. Null removes the value of a field, where that is allowed.
Text is one line with at least one visible character, without control or direction characters.
Names and address lines cannot contain links: no `://` and no `www.`.
Lists are paged: pass `next` of a page as `after` to get the following page."""


def configure(app: Flask) -> Api:
    """Serve the document at /api/openapi.json, and Swagger UI from local files at /api/docs."""
    app.config.update(
        API_TITLE="OrderX",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_SWAGGER_UI_PATH="/docs",
        OPENAPI_SWAGGER_UI_URL="/api/docs/assets/",
        OPENAPI_SWAGGER_UI_CONFIG={"validatorUrl": None, "persistAuthorization": True},
    )
    plugins = {"marshmallow_plugin": SchemaPlugin(), "extra_plugins": [CommonOperationFields()]}
    api = DocumentedApi(app, spec_kwargs={**plugins, "info": _info(), "servers": [{"url": "/"}]})
    api.DEFAULT_ERROR_RESPONSE_NAME = None
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    operator = {"type": "http", "scheme": "bearer", "description": "ORDERX_METRICS_TOKEN of this server"}
    api.spec.components.security_scheme("operator", operator)
    for name, (_, description) in PROBLEMS.items():
        api.spec.components.response(
            name, {"description": description, "content": {"application/problem+json": {"schema": ProblemSchema}}}
        )
    return api


def _info() -> dict[str, Any]:
    return {
        "description": INTRODUCTION,
        "contact": {"name": "The operator of this server", "url": settings().require("public_url")},
        "license": {"name": "All rights reserved", "identifier": "LicenseRef-All-rights-reserved"},
    }


class DocumentedApi(Api):
    """flask-smorest's API with a cached document: serializing it takes 12 ms, and the endpoint is public."""

    @cached_property
    def _document(self) -> str:
        return json.dumps(self.spec.to_dict())

    def _register_responses(self) -> None:
        """Omit flask-smorest's error responses: our errors are problems."""

    def _register_pagination_header(self) -> None:
        """Omit flask-smorest's pagination header: our pages are in the body."""

    def _openapi_json(self) -> Response:
        return current_app.response_class(self._document, mimetype="application/json")


class CommonOperationFields(BasePlugin):
    """Adds the id, the required permission and the possible problems to each operation."""

    def operation_helper(
        self, path: str | None = None, operations: dict[str, Any] | None = None, *, rule: Rule, **_: Any
    ) -> None:
        """Complete the operations of one path (apispec's hook)."""
        required = required_permission(rule.endpoint)
        for method, operation in (operations or {}).items():
            operation["operationId"] = rule.endpoint.partition(".")[2]
            operation["security"] = _security(required)
            description = [operation["description"]] if "description" in operation else []
            operation["description"] = "\n\n".join([*description, _access_note(required)])
            refusals = refusals_of(rule.endpoint, method.upper(), operation.pop(OPERATION_REFUSALS_KEY, []))
            operation["responses"] = _with_problems(operation, refusals, has_ids="{" in (path or ""))
            _link(operation)


def _security(required: Requirement) -> list[dict[str, list[str]]]:
    if required == PUBLIC:
        return []
    return [{"operator": []}] if required == OPERATOR else [{"bearer": []}]


def _access_note(required: Requirement) -> str:
    if required == PUBLIC:
        return "Needs no token."
    if required == OPERATOR:
        return "Needs the operator's token (`ORDERX_METRICS_TOKEN`)."
    roles = roles_with(required)
    held_by = "all roles" if roles == list(ROLES) else f"the roles {', '.join(roles)}"
    to_keys = " It can be granted to API keys." if required in api_key_permissions() else ""
    return f"Needs the permission `{required}`, granted to {held_by}.{to_keys}"


def _link(operation: dict[str, Any]) -> None:
    """Link an operation that creates a resource to the operations on the resource."""
    if operation["operationId"] in LINKS:
        name, operations = LINKS[operation["operationId"]]
        parameters = {name: "$response.body#/id"}
        links = {each: {"operationId": each, "parameters": parameters} for each in operations}
        for status, response in operation["responses"].items():
            if status.startswith("2"):
                response["links"] = links


def _with_problems(operation: dict[str, Any], refusals: list[type[Forbidden]], *, has_ids: bool) -> dict[str, Any]:
    documented = {str(code): response for code, response in operation["responses"].items()}
    has_body = "requestBody" in operation
    has_query = any(each.get("in") == "query" for each in operation.get("parameters", []))
    possible = {
        "BadRequest": has_body or has_query,
        "Unauthenticated": bool(operation["security"]),
        "NotFound": has_ids,
        "ContentTooLarge": has_body,
        "UnsupportedMediaType": has_body,
        "Invalid": "422" in documented,
        "TooManyRequests": True,
        "Unavailable": True,
    }
    problems: dict[str, Any] = {
        str(PROBLEMS[name][0].value): name for name, is_possible in possible.items() if is_possible
    }
    if IF_NONE_MATCH_HEADER in operation.get("parameters", []):
        documented["304"] = {"description": "The version in If-None-Match is current"}
    if refusals:
        problems["403"] = forbidden(refusals)
    return dict(sorted({**documented, **problems}.items()))
