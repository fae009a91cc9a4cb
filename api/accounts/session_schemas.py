"""Schemas of a user's sessions."""

from marshmallow import fields

from api.http.responses import ResponseSchema


class SessionSchema(ResponseSchema):
    """A session of the user."""

    id = fields.UUID()
    device = fields.String(
        allow_none=True, metadata={"description": "The browser or app, from its User-Agent", "examples": ["Firefox"]}
    )
    ip_address = fields.String(allow_none=True, metadata={"examples": ["203.0.113.7"]})
    active_company_id = fields.UUID(
        allow_none=True, metadata={"description": "The company that the session acts for; null for a customer"}
    )
    started_at = fields.AwareDateTime()
    last_used_at = fields.AwareDateTime(metadata={"description": "When the tokens were last refreshed"})
    expires_at = fields.AwareDateTime(metadata={"description": "When the session expires if it is not used"})


class ListedSessionSchema(SessionSchema):
    """A session in the list of sessions."""

    is_current = fields.Boolean(metadata={"description": "Whether this request belongs to the session"})


class SessionsSchema(ResponseSchema):
    """All open sessions of the user."""

    data = fields.List(fields.Nested(ListedSessionSchema))
