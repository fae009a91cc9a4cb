"""Where one is logged in, and logging out there."""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.identity.schemas import LoginSchema, LoginsSchema
from api.tenant import acting
from domain.identity import sessions as held
from domain.identity.models import UserSession
from kit import clock

logins = Blueprint("logins", __name__, url_prefix="/api/me/logins", description="Where you are logged in")


@logins.get("")
@logins.response(200, LoginsSchema)
def list_logins() -> dict[str, Any]:
    """List where you are logged in, the login used last first."""
    with acting() as caller:
        found = held.active(user_id=caller.user_id, now=clock.now())
    return {"data": [_shown(login) | {"is_current": login.id == caller.session_id} for login in found]}


@logins.delete("/<uuid:login_id>")
@logins.response(204)
def end_login(login_id: UUID) -> None:
    """Log out there.

    The login's refresh tokens are no good any more. Its access tokens write nothing from now on (401 `session_ended`),
    and can read until they lapse, within 15 minutes.
    """
    with acting():
        held.end(session_id=login_id, now=clock.now())


@logins.delete("")
@logins.response(204)
def end_all_logins() -> None:
    """Log out on all devices, this one included."""
    with acting() as caller:
        held.end_all(user_id=caller.user_id, now=clock.now())


def _shown(login: UserSession) -> dict[str, Any]:
    return {name: getattr(login, name) for name in LoginSchema().fields}
