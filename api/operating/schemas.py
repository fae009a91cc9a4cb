"""What the operating endpoints answer."""

from marshmallow import fields

from api.schemas import Schema


class AliveSchema(Schema):
    """It runs."""

    status = fields.String(metadata={"examples": ["ok"]})


class ReadySchema(Schema):
    """Whether it can serve, and the state of what it depends on."""

    status = fields.String(metadata={"examples": ["ok"], "enum": ["ok", "degraded"]})
    checks = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"examples": [{"database": "ok", "migrations": "ok", "broker": "ok", "durability": "ok"}]},
    )
