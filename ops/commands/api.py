"""`orderx api`: serve the HTTP API with gunicorn."""

import sys

from gunicorn.app import wsgiapp

from kit.config import settings
from kit.messaging import pg_notify
from workers import saga_definitions

GRACEFUL_SECONDS = 45
"""Time limit for finishing requests when the API stops. `Prefer: wait` allows 30 s, and a provider call may follow."""


def serve(*, host: str, port: int, workers: int, threads: int, connections: int) -> None:
    """Serve until SIGTERM; raises NotConfigured when a setting is missing or a saga's definition has changed."""
    for name in ("database_url", "secret_key", "signing_keys", "public_url"):
        settings().require(name)
    saga_definitions.require_unchanged()
    pg_notify.require_no_pooler("database_url")
    options = ["--bind", f"{host}:{port}", "--workers", str(workers), "--threads", str(threads)]
    options += ["--worker-connections", str(connections), "--graceful-timeout", str(GRACEFUL_SECONDS)]
    # With the level "warning", gunicorn would log malformed headers, which can contain secrets.
    logging = ["--no-control-socket", "--log-level", "error"]
    serving = ["--worker-class", "ops.server.worker.BufferingWorker", "--keep-alive", "75", "--no-sendfile"]
    sys.argv = ["gunicorn", *options, *serving, *logging, f"api.app:create_app(threads={threads})"]
    wsgiapp.run()
