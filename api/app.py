"""The Flask application: every blueprint by name, and what surrounds them all."""

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask

from api import (
    access,
    audit,
    bodies,
    cors,
    docs,
    errors,
    etags,
    headers,
    logs,
    measures,
    openapi,
    paths,
    proxies,
    rate_limits,
    website,
)
from api.catalogue.routes import blueprint as products
from api.companies.routes import blueprint as companies
from api.companies.standing import blueprint as standing
from api.companies.standing import plans
from api.identity import pages
from api.identity.accounts import accounts
from api.identity.addresses import addresses
from api.identity.api_keys import blueprint as api_keys
from api.identity.invitations import blueprint as invitations
from api.identity.logins import logins
from api.identity.me import me
from api.identity.members import members
from api.identity.memberships import memberships
from api.identity.own_data import own_data
from api.identity.routes import auth
from api.identity.second_factor import blueprint as second_factor
from api.inventory.routes import stock, warehouses
from api.keys import signing_keys
from api.operating.routes import blueprint as operating
from api.operations.routes import blueprint as incidents
from api.sales.routes import blueprint as orders
from api.shops.locations import blueprint as locations
from api.shops.routes import blueprint as shops
from domain.identity import passwords
from kit.config import settings

BLUEPRINTS = (
    accounts, auth, me, addresses, memberships, logins, second_factor, own_data, companies, standing, plans,
    members, invitations, api_keys, shops, locations, products, stock, warehouses, orders, incidents, operating,
)  # fmt: skip

LARGEST_BODY = 1024 * 1024


class App(Flask):
    """Flask, without asking before each view and hook whether it is async: none here is."""

    request_class = bodies.Request

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is."""
        return func


def create_app(*, threads: int = 32) -> Flask:
    """The app, ready to serve; raises NotConfigured when a setting or a line of api/access.py is missing.

    `threads` is how many requests this process serves at once. Half of them may wait for the ends of orders.
    """
    app = App("orderx", static_folder=None)
    app.extensions["places_to_wait"] = threading.Semaphore(threads // 2)
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_BODY, PROPAGATE_EXCEPTIONS=False)
    app.json.sort_keys = False
    proxies.trust(app, settings().trusted_proxies)
    logs.configure(app)
    measures.register(app)
    paths.refuse_double_slashes(app)
    etags.register(app)
    headers.register(app)
    cors.register(app)
    settings().require("public_url")
    signing_keys()
    passwords.warm_up()
    api = openapi.configure(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(docs.blueprint)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(website.blueprint)
    errors.register(app)
    rate_limits.guard_strangers(app)
    access.guard(app)
    rate_limits.guard_callers(app)
    audit.watch(app)
    return app
