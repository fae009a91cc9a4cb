"""The HTTP server of all peers except OrderX: Flask on gunicorn, one route, no authentication, no validation."""

import importlib
import os
from functools import cached_property
from typing import Any

from flask import Flask, request

from bench.participant import Setting
from bench.run_environment import RunEnvironment
from bench.workload import PRODUCTS, product
from ops.services.ports import LOOPBACK, free_port
from ops.services.process import Process
from ops.services.readiness import http

_NUMBERS = {str(product(number)): number for number in range(PRODUCTS)}


class FlaskApp:
    """Mixin for a participant that takes orders over HTTP; `place_order` names the function that places one."""

    environment: RunEnvironment
    setting: Setting
    place_order: str

    @cached_property
    def url(self) -> str:
        """Its base URL."""
        return f"http://{LOOPBACK}:{free_port()}"

    def env(self) -> dict[str, object]:
        """The environment variables of its processes."""
        return {}

    def web_server(self) -> Process:
        """Gunicorn with the options of `orderx api`."""
        options = (
            "--bind",
            self.url.removeprefix("http://"),
            "--workers",
            self.setting["api_workers"],
            "--threads",
            32,
        )
        quiet = ("--worker-class", "gthread", "--no-control-socket", "--keep-alive", 75, "--log-level", "warning")
        command = ("gunicorn", *options, *quiet, "bench.peers.flask_app:create_app()")
        env = {**self.env(), "BENCH_PLACE": self.place_order}
        return self.environment.python("api", *command, ready=http(f"{self.url}/healthz"), **env)

    def driver_env(self) -> dict[str, object]:
        """The URL for orders."""
        return {"BENCH_POST_TO": f"{self.url}/orders"}


def create_app() -> Flask:
    """Create the app in a gunicorn worker."""
    app = Flask("bench")
    module, _, name = os.environ["BENCH_PLACE"].partition(":")
    place = getattr(importlib.import_module(module), name)

    @app.post("/orders")
    def order() -> tuple[dict[str, Any], int]:
        product_id = request.get_json()["lines"][0]["product_id"]
        return {"id": place(_NUMBERS[product_id]), "status": "pending"}, 202

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app
