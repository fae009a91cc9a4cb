"""The HTTP side of every peer but OrderX: Flask behind the same gunicorn, one route, no authentication, no checks."""

import importlib
import os
from functools import cached_property
from typing import Any

from flask import Flask, request

from bench.contestant import Setting
from bench.scene import Scene
from bench.workload import PRODUCTS, product
from ops.services.ports import LOOPBACK, free_port
from ops.services.process import Process
from ops.services.readiness import http

_NUMBERS = {str(product(number)): number for number in range(PRODUCTS)}


class FlaskApp:
    """Mixed into a contestant that takes orders over HTTP; `place_order` names the function that does."""

    scene: Scene
    setting: Setting
    place_order: str

    @cached_property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{free_port()}"

    def env(self) -> dict[str, object]:
        """What its processes find in their environment."""
        return {}

    def web_server(self) -> Process:
        """Gunicorn as `orderx api` runs it."""
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
        return self.scene.python("api", *command, ready=http(f"{self.url}/healthz"), **env)

    def load_env(self) -> dict[str, object]:
        """Where to post."""
        return {"BENCH_POST_TO": f"{self.url}/orders"}


def create_app() -> Flask:
    """The app, in gunicorn's worker."""
    app = Flask("bench")
    module, _, name = os.environ["BENCH_PLACE"].partition(":")
    place = getattr(importlib.import_module(module), name)

    @app.post("/orders")
    def order() -> tuple[dict[str, Any], int]:
        wanted = request.get_json()["lines"][0]["product_id"]
        return {"id": place(_NUMBERS[wanted]), "status": "pending"}, 202

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    return app
