"""Response schemas of health checks and public keys."""

from marshmallow import fields

from api.http.choices import Choice
from api.http.responses import ResponseSchema


class LivenessSchema(ResponseSchema):
    """The process is alive."""

    status = fields.String(metadata={"examples": ["ok"]})


class ReadinessSchema(ResponseSchema):
    """Whether the server can handle requests, and the state of the services it depends on."""

    status = Choice("ReadinessStatus", ["ok", "degraded"])
    checks = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={
            "examples": [
                {"database": "ok", "migrations": "ok", "broker": "ok", "durability": "ok", "rate_limits": "ok"}
            ]
        },
    )


class SigningKeySchema(ResponseSchema):
    """A public key (RFC 8037)."""

    kty = fields.String(metadata={"examples": ["OKP"]})
    crv = fields.String(metadata={"examples": ["Ed25519"]})
    x = fields.String(metadata={"examples": ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]})
    kid = fields.String(metadata={"examples": ["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]})
    use = fields.String(metadata={"examples": ["sig"]})
    alg = fields.String(metadata={"examples": ["EdDSA"]})


class SigningKeySetSchema(ResponseSchema):
    """The keys that sign access tokens, the current one first."""

    keys = fields.List(fields.Nested(SigningKeySchema))
