"""The Flask application: all blueprints, hooks and error handlers."""

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask

from api import health, incidents, jobs
from api.accounts import link_page
from api.auth import audit, rate_limits, requirements, signing_keys
from api.http import (
    access_log,
    asyncapi,
    cors,
    double_slashes,
    errors,
    etags,
    metrics,
    openapi,
    proxies,
    request_body,
    security_headers,
    swagger_ui,
    website,
)
from api.http.blueprint import Blueprint
from domain import areas
from domain.accounts import passwords
from kit.config import settings


def _blueprints() -> Iterator[Blueprint]:
    for package in (*areas.modules("api"), jobs, incidents, health):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            values = vars(importlib.import_module(found.name)).values()
            yield from (value for value in values if isinstance(value, Blueprint) and value.import_name == found.name)


BLUEPRINTS = tuple(_blueprints())
"""The blueprints of all areas, in the order of the areas, and then of the folders that are no areas."""

MAX_BODY_BYTES = 1024 * 1024


class App(Flask):
    """Flask without the check for async views and hooks on each call, because there are none."""

    request_class = request_body.Request

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function unchanged."""
        return func


def create_app(*, threads: int = 32) -> Flask:
    """Create the app; raises NotConfigured if a setting, or the permission of an endpoint, is missing.

    `threads` is the number of concurrent requests of this process. At most half of them may wait for the outcome of
    an order (`Prefer: wait`).
    """
    app = App("orderx", static_folder=None)
    app.extensions["wait_slots"] = threading.Semaphore(threads // 2)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, PROPAGATE_EXCEPTIONS=False)
    app.json.sort_keys = False
    proxies.trust(app, settings().trusted_proxies)
    access_log.register(app)
    metrics.register(app)
    double_slashes.register(app)
    etags.register(app)
    security_headers.register(app)
    cors.register(app)
    settings().require("public_url")
    areas.register()
    signing_keys.load()
    passwords.warm_up()
    documented = openapi.configure(app)
    for blueprint in BLUEPRINTS:
        documented.register_blueprint(blueprint)
    app.register_blueprint(swagger_ui.blueprint)
    app.register_blueprint(asyncapi.blueprint)
    app.register_blueprint(link_page.blueprint)
    app.register_blueprint(website.blueprint)
    errors.register(app)
    rate_limits.limit_anonymous_requests(app)
    requirements.register(app)
    rate_limits.limit_callers(app)
    audit.register(app)
    return app
