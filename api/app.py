"""The Flask application: all blueprints, hooks and error handlers."""

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask

from api.access.api_keys import blueprint as api_keys
from api.access.invitations import blueprint as invitations
from api.access.login import blueprint as auth
from api.access.members import blueprint as members
from api.access.memberships import blueprint as memberships
from api.accounts import link_page
from api.accounts.addresses import blueprint as addresses
from api.accounts.me import blueprint as me
from api.accounts.registration import blueprint as accounts
from api.accounts.second_factor import blueprint as second_factor
from api.accounts.sessions import blueprint as sessions
from api.auth import audit, rate_limits, requirements, signing_keys
from api.catalogue.routes import blueprint as products
from api.companies.lifecycle import blueprint as company_lifecycle
from api.companies.plans import plans
from api.companies.routes import blueprint as companies
from api.customers.groups import blueprint as customer_groups
from api.customers.routes import blueprint as customers
from api.health.routes import blueprint as health
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
from api.incidents.routes import blueprint as incidents
from api.inventory.routes import stock, warehouses
from api.privacy.routes import blueprint as privacy
from api.sales.routes import blueprint as orders
from api.shops.locations import blueprint as locations
from api.shops.routes import blueprint as shops
from domain import areas
from domain.accounts import passwords
from kit.config import settings

BLUEPRINTS = (
    accounts, auth, me, addresses, memberships, sessions, second_factor, privacy, companies, company_lifecycle, plans,
    members, invitations, api_keys, shops, locations, customers, customer_groups,
    products, stock, warehouses, orders, incidents, health,
)  # fmt: skip

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
    api = openapi.configure(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
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
