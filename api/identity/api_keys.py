"""Keys for machines that act for a company."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.identity.api_key_schemas import ApiKeySchema, MadeApiKeySchema, NewApiKeySchema
from api.identity.members import refuse_unknown_shop
from api.schemas import PageQuery, page, page_of
from api.tenant import acting
from domain.identity import api_keys
from domain.identity.errors import InsufficientPrivileges
from domain.identity.models import ApiKey
from kit import clock

blueprint = Blueprint("api_keys", __name__, url_prefix="/api/keys", description="Keys for machines")


@blueprint.post("")
@blueprint.arguments(NewApiKeySchema)
@blueprint.response(201, MadeApiKeySchema)
@blueprint.refuses(InsufficientPrivileges)
def make_key(body: dict[str, Any]) -> dict[str, Any]:
    """Make an API key for a machine that acts for your company, or in one shop of it.

    The machine sends the `secret`, which is shown only now, as an access token is sent: `Authorization: Bearer ox_…`.
    The key may do what `permissions` say and you may do yourself: it is no good any more once you have left.
    """
    now = clock.now()
    with acting() as caller:
        refuse_unknown_shop(caller, body["shop_id"])
        key, secret = api_keys.create(
            company_id=caller.company_id, made_by=caller.user_id, name=body["name"], permissions=body["permissions"],
            shop_id=body["shop_id"], expires_at=now + timedelta(days=body["days"]), actor=caller.permission_set,
        )  # fmt: skip
        return _shown(key) | {"secret": secret}


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(ApiKeySchema))
def list_keys(query: dict[str, Any]) -> dict[str, Any]:
    """List your company's API keys, the oldest first; those that have lapsed or were revoked, too."""
    with acting() as caller:
        found = api_keys.keys(company_id=caller.company_id, limit=query["limit"] + 1, after=query["after"])
        return page([_shown(key) for key in found], query["limit"])


@blueprint.delete("/<uuid:key_id>")
@blueprint.response(204)
def revoke_key(key_id: UUID) -> None:
    """Revoke an API key: it is no good from the next request on."""
    with acting() as caller:
        api_keys.revoke(key_id=key_id, company_id=caller.company_id, now=clock.now())


def _shown(key: ApiKey) -> dict[str, Any]:
    return {name: getattr(key, name) for name in ApiKeySchema().fields}
