"""What the operating endpoints answer."""

from marshmallow import fields

from api.answers import AnswerSchema
from api.choices import Choice


class AliveSchema(AnswerSchema):
    """It runs."""

    status = fields.String(metadata={"examples": ["ok"]})


class ReadySchema(AnswerSchema):
    """Whether it can serve, and the state of what it depends on."""

    status = Choice("Readiness", ["ok", "degraded"])
    checks = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={
            "examples": [
                {"database": "ok", "migrations": "ok", "broker": "ok", "durability": "ok", "rate_limits": "ok"}
            ]
        },
    )


class KeySchema(AnswerSchema):
    """A public key (RFC 8037)."""

    kty = fields.String(metadata={"examples": ["OKP"]})
    crv = fields.String(metadata={"examples": ["Ed25519"]})
    x = fields.String(metadata={"examples": ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]})
    kid = fields.String(metadata={"examples": ["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]})
    use = fields.String(metadata={"examples": ["sig"]})
    alg = fields.String(metadata={"examples": ["EdDSA"]})


class KeySetSchema(AnswerSchema):
    """The keys that access tokens may be signed with, the current one first."""

    keys = fields.List(fields.Nested(KeySchema))
