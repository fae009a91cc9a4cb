"""For those who run it: is it alive, is it ready, what does it measure."""

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST

from api import keys, vital_signs
from api.blueprint import Blueprint
from api.operating import checks
from api.operating.schemas import AliveSchema, KeySetSchema, ReadySchema
from kit.errors import Unavailable
from kit.process.metrics import exposition

blueprint = Blueprint("operating", __name__, description="For those who run it")


@blueprint.get("/healthz")
@blueprint.response(200, AliveSchema)
def is_alive() -> dict[str, str]:
    """Say whether the process runs. Restart it when this fails."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@blueprint.response(200, ReadySchema)
def is_ready() -> dict[str, object]:
    """Say whether requests can be served. Send none while this fails.

    It fails when the database does not answer, is read-only, or lacks a migration. One that a newer release has
    migrated is as good if all that this release uses is there: `migrations` is `newer` then. A broker that is down, in
    whole or in part, only makes it `degraded`: orders are accepted, and finish when it is back. So does a database that
    is set to forget what it has confirmed, and a store of the rate limits that is down: then nobody is limited.
    """
    needed = checks.database()
    if not set(needed.values()) <= {"ok", "newer"}:
        raise Unavailable("Not ready: " + ", ".join(f"{what} {state}" for what, state in needed.items()) + ".")
    broker, durability, limits = checks.broker(), checks.promises(), checks.rate_limits()
    well = {broker, limits} <= {"ok", "not configured"} and durability in {"ok", "relaxed"}
    others = {"broker": broker, "durability": durability, "rate_limits": limits}
    return {"status": "ok" if well else "degraded", "checks": {**needed, **others}}


@blueprint.get("/metrics")
@blueprint.response(200, {"type": "string"}, content_type="text/plain")
def metrics() -> Response:
    """Show what is measured, for Prometheus: requests, orders and steps of this machine, and how all sagas do.

    The numbers are about all companies: send the operator's token as `Authorization: Bearer`, unless you ask from
    this machine and none is set.
    """
    return Response(exposition() + vital_signs.taken(), content_type=CONTENT_TYPE_LATEST)


@blueprint.get("/.well-known/jwks.json")
@blueprint.response(200, KeySetSchema)
def list_signing_keys() -> tuple[dict[str, object], dict[str, str]]:
    """Show the public keys of our access tokens, as a JWK Set (RFC 7517).

    A token names its key by `kid`. Ask again when you meet one you do not know, or after five minutes.
    """
    return keys.published(), {"Cache-Control": "public, max-age=300"}
