"""Two companies with rows of every kind, and a caller of each role: what the policies are tried on."""

from dataclasses import dataclass, field
from typing import Any

import psycopg

from domain.accounts.models import User
from domain.companies.models import Company
from domain.shops.models import Shop
from kit.ids import new_id
from tests import factories
from tests.api.client import Api
from tests.api.policies import BODIES, LISTED, MODULES, QUERIES, ROLES
from tests.api.shared_app import shared_app

SUPER_ADMIN = "INSERT INTO memberships (id, user_id, role) VALUES (%s, %s, 'super_admin')"


@dataclass
class Place:
    """A shop with rows of every kind, by name; each area adds its own to those of the areas before it."""

    company: Company
    shop: Shop
    customer: User
    owner_url: str
    rows: dict[str, Any] = field(default_factory=dict)

    def ids(self):
        named = {"company": self.company, "shop": self.shop, **self.rows}
        return {f"{name}_id": row.id for name, row in named.items()}


def place_with_rows(company, shop, owner_url, customer=None):
    """Create the rows of all areas in a shop. Returns their ids."""
    place = Place(company, shop, customer or factories.make_user(), owner_url)
    for module in MODULES.values():
        if hasattr(module, "rows"):
            place.rows |= module.rows(place)
    return place.ids()


class World:
    """Two companies, one of them with two shops, and a caller of each role at the first shop."""

    def __init__(self, database):
        self.app = shared_app()
        self.company, other = factories.make_company(), factories.make_company()
        self.shop = factories.make_shop(self.company)
        self.customer = factories.make_user()
        self.places = {
            "own shop": place_with_rows(self.company, self.shop, database, self.customer),
            "other shop": place_with_rows(self.company, factories.make_shop(self.company), database),
            "other company": place_with_rows(other, factories.make_shop(other), database),
        }
        self.rules = {rule.endpoint: rule for rule in self.app.url_map.iter_rules()}
        self.callers = {role: self.acting(role, database) for role in ROLES}

    def acting(self, role, database):
        """A client of somebody with this role at the first shop; as a customer, of the one who has ordered there."""
        api = Api(self.app)
        if role == "customer":
            return api.acting_as(self.customer)
        if role != "super_admin":
            shop = None if role == "company_admin" else self.shop
            return api.acting_as(factories.make_member(self.company, role, shop=shop), self.company)
        user = factories.make_user()
        with psycopg.connect(database) as owner:  # only the database owner may create one
            owner.execute(SUPER_ADMIN, [new_id(), user.id])
        return api.acting_as(user, self.company)

    def ask(self, role, endpoint, place):
        needs_newcomer = "{newcomer}" in f"{BODIES.get(endpoint)}"
        ids = {**place, "newcomer": factories.make_user().email} if needs_newcomer else place
        return self.callers[role].request(
            method_of(self.rules[endpoint]),
            self.rules[endpoint].build({name: place[name] for name in self.rules[endpoint].arguments})[1],
            json=filled(BODIES.get(endpoint), ids),
            query_string=filled(QUERIES.get(endpoint), ids),
        )


def method_of(rule):
    """The method of the endpoint."""
    return next(iter(rule.methods - {"HEAD", "OPTIONS"}))


def called(api, rule):
    """Status and code of the answer to a call with ids of nothing, and with an empty body where one is possible."""
    path, method = rule.build(dict.fromkeys(rule.arguments, new_id()))[1], method_of(rule)
    answer = api.request(method, path, json={} if method in {"POST", "PUT", "PATCH"} else None)
    return answer.status_code, (answer.get_json(silent=True) or {}).get("code")


def filled(template, ids):
    """The template with its placeholders replaced by ids."""
    if isinstance(template, str):
        return template.format(**ids)
    if isinstance(template, dict):
        return {name: filled(inner, ids) for name, inner in template.items()}
    return [filled(inner, ids) for inner in template] if isinstance(template, list) else template


def succeeded(endpoint, answer, place):
    """Whether the answer concerns rows of the place. Fails on an answer that is neither a success nor a refusal."""
    if endpoint in LISTED and answer.status_code == 200:
        return str(place[LISTED[endpoint]]) in {row["id"] for row in answer.json["data"]}
    if endpoint in BODIES and endpoint.startswith("incidents.") and answer.status_code == 200:
        return answer.json["data"][0]["saga_id"] is not None
    if answer.status_code == 409 and answer.json["code"] == "refund_not_granted":
        return True  # an earlier call has ended it
    assert answer.status_code < 300 or answer.status_code in (403, 404, 422), (endpoint, answer.json)
    return answer.status_code < 300


def comparable(answer):
    """The parts of an answer that must not differ between a foreign row and a missing one."""
    problem = answer.get_json()
    return answer.status_code, {name: problem.get(name) for name in ("code", "title", "detail", "errors")}
