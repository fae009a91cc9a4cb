"""Health checks, metrics and public keys, for the operator of the server."""

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.auth import requirements, signing_keys
from api.health import checks, database_metrics
from api.health.schemas import LivenessSchema, ReadinessSchema, SigningKeySetSchema
from api.http.blueprint import Blueprint
from kit.errors import Unavailable
from kit.process import metrics

blueprint = Blueprint("health", __name__, description="Health checks, metrics and public keys")


@blueprint.get("/healthz")
@blueprint.requires(requirements.PUBLIC)
@blueprint.response(200, LivenessSchema)
def check_liveness() -> dict[str, str]:
    """Check whether the process is alive. Restart it if this fails."""
    return {"status": "ok"}


@blueprint.get("/readyz")
@blueprint.requires(requirements.PUBLIC)
@blueprint.response(200, ReadinessSchema)
def check_readiness() -> dict[str, object]:
    """Check whether this server can handle requests. Send it none while this fails.

    It fails if the database is down, read-only or lacks a migration. If a newer release has migrated the database,
    `migrations` is `newer`, and the server is ready as long as everything that it uses is still there.

    The status is `degraded` while the broker is down completely or in part (orders are accepted, and finish when it is
    back), while PostgreSQL's settings risk committed data, and while the store of the rate limits is down (requests are
    not limited).
    """
    database = checks.database()
    if not set(database.values()) <= {"ok", "newer"}:
        raise Unavailable("Not ready: " + ", ".join(f"{name} {state}" for name, state in database.items()) + ".")
    broker, durability, limits = checks.broker(), checks.durability_settings(), checks.rate_limits()
    is_ok = {broker, limits} <= {"ok", "not configured"} and durability in {"ok", "relaxed"}
    others = {"broker": broker, "durability": durability, "rate_limits": limits}
    return {"status": "ok" if is_ok else "degraded", "checks": {**database, **others}}


@blueprint.get("/metrics")
@blueprint.requires(requirements.OPERATOR)
@blueprint.response(200, {"type": "string"}, content_type="text/plain")
def get_metrics() -> Response:
    """Get the metrics for Prometheus: requests, orders and steps of this machine, and the sagas of the whole system.

    They cover all companies. Send the operator's token as `Authorization: Bearer`; only if none is set, requests from
    this machine need no token.
    """
    return Response(metrics.exposition() + database_metrics.exposition(), content_type=CONTENT_TYPE_LATEST)


@blueprint.get("/.well-known/jwks.json")
@blueprint.requires(requirements.PUBLIC)
@blueprint.response(200, SigningKeySetSchema)
def list_signing_keys() -> tuple[dict[str, object], dict[str, str]]:
    """List the public keys of access tokens, as a JWK Set (RFC 7517).

    A token names its key by `kid`. Read the list again for an unknown `kid`, and every five minutes.
    """
    return signing_keys.jwk_set(), {"Cache-Control": "public, max-age=300"}
