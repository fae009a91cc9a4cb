"""The sessions of a user: list and end them."""

from typing import Any
from uuid import UUID

from api.accounts.session_schemas import SessionSchema, SessionsSchema
from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from domain.accounts import sessions
from domain.accounts.models import UserSession
from kit import clock

blueprint = Blueprint("sessions", __name__, url_prefix="/api/me/sessions", description="Your sessions")


@blueprint.get("")
@blueprint.requires("manage_own_account")
@blueprint.response(200, SessionsSchema)
def list_sessions() -> dict[str, Any]:
    """List your sessions, most recently used first."""
    with request_transaction() as caller:
        open_sessions = sessions.active(user_id=caller.user_id, now=clock.now())
    return {"data": [_serialize(each) | {"is_current": each.id == caller.session_id} for each in open_sessions]}


@blueprint.delete("/<uuid:session_id>")
@blueprint.requires("manage_own_account")
@blueprint.response(204)
def end_session(session_id: UUID) -> None:
    """End a session.

    Its refresh tokens become invalid. Its access tokens can no longer write (401 `session_ended`), and can read until
    they expire, within 15 minutes.
    """
    with request_transaction():
        sessions.end(session_id=session_id, now=clock.now())


@blueprint.delete("")
@blueprint.requires("manage_own_account")
@blueprint.response(204)
def end_all_sessions() -> None:
    """End all your sessions, including this one."""
    with request_transaction() as caller:
        sessions.end_all(user_id=caller.user_id, now=clock.now())


def _serialize(user_session: UserSession) -> dict[str, Any]:
    return {name: getattr(user_session, name) for name in SessionSchema().fields}
