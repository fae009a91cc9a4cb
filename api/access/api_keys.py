"""API keys of a company."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from api.access.api_key_schemas import ApiKeySchema, CreatedApiKeySchema, NewApiKeySchema
from api.access.members import require_own_shop
from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from api.http.schemas import PageQuery, page_of
from domain.access import api_keys
from domain.access.errors import ExceedsOwnPermissions
from domain.access.models import ApiKey
from kit import clock
from kit.paging import Page

blueprint = Blueprint("api_keys", __name__, url_prefix="/api/keys", description="API keys for programs")


@blueprint.post("")
@blueprint.requires("write_api_keys")
@blueprint.arguments(NewApiKeySchema)
@blueprint.response(201, CreatedApiKeySchema)
@blueprint.refuses(ExceedsOwnPermissions)
def create_api_key(body: dict[str, Any]) -> dict[str, Any]:
    """Create an API key for a program that acts for your company, or in one shop of it.

    Send the `secret`, which is shown only once, like an access token: `Authorization: Bearer ox_…`. The key has those
    of its `permissions` that you have yourself. It becomes invalid when you leave the company.
    """
    now = clock.now()
    with request_transaction() as caller:
        require_own_shop(caller, body["shop_id"])
        key, secret = api_keys.create(
            company_id=caller.company_id, created_by=caller.user_id, name=body["name"], permissions=body["permissions"],
            shop_id=body["shop_id"], expires_at=now + timedelta(days=body["days"]), actor=caller.permission_set,
        )  # fmt: skip
        return _serialize(key) | {"secret": secret}


@blueprint.get("")
@blueprint.requires("read_api_keys")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(ApiKeySchema))
def list_api_keys(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List your company's API keys, oldest first, including expired and revoked ones."""
    with request_transaction() as caller:
        return api_keys.keys(company_id=caller.company_id, **query).map(_serialize)


@blueprint.delete("/<uuid:key_id>")
@blueprint.requires("write_api_keys")
@blueprint.response(204)
def revoke_api_key(key_id: UUID) -> None:
    """Revoke an API key. It is invalid from the next request on."""
    with request_transaction() as caller:
        api_keys.revoke(key_id=key_id, company_id=caller.company_id, now=clock.now())


def _serialize(key: ApiKey) -> dict[str, Any]:
    return {name: getattr(key, name) for name in ApiKeySchema().fields}
