"""Every endpoint that leads to something of a shop or a company, by every role, at one's own and at others'."""

import psycopg
import pytest

from api.app import create_app
from domain.companies import history
from domain.identity import queries as identity
from domain.payments.declines import Attempt
from domain.sales.operations import Wanted
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from saga.place_order import place_order
from tests import factories
from tests.api.client import Api
from tests.house.test_policy import MAY, ROLES

# nobody: nothing here; shop: what belongs to one's shop; company: to any shop of one's company; anyone: to any shop;
# own: customers, what they ordered themselves.
POLICY = """
endpoint                        super_admin  company_admin  shop_manager  staff    customer
companies.list_companies        company      company        company       company  nobody
companies.get_company           company      company        company       company  nobody
companies.change_company        company      company        nobody        nobody   nobody
standing.get_plan               company      company        company       company  nobody
standing.choose_plan            company      company        nobody        nobody   nobody
standing.list_history           company      company        nobody        nobody   nobody
standing.suspend_company        company      nobody         nobody        nobody   nobody
standing.resume_company         company      nobody         nobody        nobody   nobody
standing.delete_company         company      company        nobody        nobody   nobody
standing.restore_company        company      company        nobody        nobody   nobody
shops.list_staff                company      company        shop          nobody   nobody
members.list_members            company      company        shop          nobody   nobody
members.remove_member           company      company        shop          nobody   nobody
invitations.invite              company      company        shop          nobody   nobody
invitations.list_invitations    company      company        shop          nobody   nobody
invitations.withdraw_invitation  company     company        shop          nobody   nobody
api_keys.make_key               company      company        nobody        nobody   nobody
api_keys.list_keys              company      company        nobody        nobody   nobody
api_keys.revoke_key             company      company        nobody        nobody   nobody
shops.list_shops                company      company        shop          shop     nobody
shops.get_shop                  company      company        shop          shop     anyone
shops.change_shop               company      company        nobody        nobody   nobody
locations.add_location          company      company        shop          nobody   nobody
locations.list_locations        company      company        shop          shop     anyone
locations.get_location          company      company        shop          shop     anyone
locations.get_opening           company      company        shop          shop     anyone
locations.change_location       company      company        shop          nobody   nobody
locations.remove_location       company      company        shop          nobody   nobody
products.offer_product          company      company        shop          nobody   nobody
products.list_products          company      company        shop          shop     anyone
products.get_product            company      company        shop          shop     anyone
products.change_product         company      company        shop          nobody   nobody
stock.list_stock                company      company        shop          shop     nobody
stock.count_stock               company      company        shop          shop     nobody
warehouses.list_warehouses      company      company        company       company  nobody
orders.place_order              company      company        shop          shop     anyone
orders.list_orders              company      company        shop          shop     own
orders.get_order                company      company        shop          shop     own
orders.get_order_status         company      company        shop          shop     own
orders.get_order_saga           company      company        shop          shop     own
orders.cancel_order             company      company        shop          shop     own
incidents.list_incidents        company      company        nobody        nobody   nobody
incidents.retry_incidents       company      company        nobody        nobody   nobody
incidents.skip_incidents        company      company        nobody        nobody   nobody
incidents.compensate_incidents  company      company        nobody        nobody   nobody
incidents.resolve_incidents     company      company        nobody        nobody   nobody
shops.close_shop                company      company        nobody        nobody   nobody
"""
NOWHERE = {"me", "addresses", "memberships", "second_factor", "own_data", "logins"}
"""Blueprints that lead to the caller's own alone."""
MAKES_NEW = {"companies.found_company", "shops.open_shop", "warehouses.create_warehouse"}
MEANS = {
    "nobody": set(),
    "own": {"own shop"},  # the walk has its customer order in the first shop
    "shop": {"own shop"},
    "company": {"own shop", "other shop"},
    "anyone": {"own shop", "other shop", "other company"},
}
ROWS = [line.split() for line in POLICY.strip().splitlines()[1:]]
SAID = {endpoint: dict(zip(ROLES[1:], said, strict=True)) for endpoint, *said in ROWS}

ADDRESS = {"name": "Ada Lovelace", "line1": "1 Harbour Street", "city": "Antwerp", "country": "BE"}
SETTLED = {"ids": ["{incident_id}"], "reason": "counted", "dry_run": True}
BODIES = {
    "companies.change_company": {"name": "Paper & Daughters"},
    "standing.choose_plan": {"plan": "pro"},
    "standing.suspend_company": {"reason": "unpaid"},
    "standing.resume_company": {"reason": "paid"},
    "invitations.invite": {"email": "{newcomer}", "role": "staff", "shop_id": "{shop_id}"},
    "api_keys.make_key": {"name": "Robot", "permissions": ["read_stock"], "shop_id": "{shop_id}"},
    "shops.change_shop": {"offers_pickup": True},
    "locations.add_location": {"name": "Quay", "address": ADDRESS, "time_zone": "Europe/Brussels"},
    "locations.change_location": {"opening_hours": "24/7"},
    "products.offer_product": {
        "shop_id": "{shop_id}", "sku": "{newcomer}", "name": "Pen", "price": {"amount": 1, "currency": "EUR"},
    },
    "products.change_product": {"name": "Pencil"},
    "stock.count_stock": {"on_hand": 50},
    "orders.place_order": {
        "shop_id": "{shop_id}", "lines": [{"product_id": "{product_id}", "quantity": 1}], "shipping_address": ADDRESS,
        "payment": {"payment_method": "pm_card_visa"},
    },
    "orders.cancel_order": {},
    "incidents.retry_incidents": SETTLED,
    "incidents.skip_incidents": SETTLED,
    "incidents.compensate_incidents": SETTLED,
    "incidents.resolve_incidents": {**SETTLED, "as": "undone"},
}  # fmt: skip
QUERIES = {
    "products.list_products": {"shop_id": "{shop_id}"},
    "products.get_product": {"shop_id": "{shop_id}"},
    "orders.list_orders": {"shop_id": "{shop_id}"},
    "incidents.list_incidents": {"company_id": "{company_id}"},
}
LISTED = {
    "companies.list_companies": "company_id", "standing.list_history": "event_id", "shops.list_staff": "membership_id",
    "locations.list_locations": "location_id", "members.list_members": "membership_id",
    "invitations.list_invitations": "invitation_id", "api_keys.list_keys": "key_id", "shops.list_shops": "shop_id",
    "products.list_products": "product_id", "warehouses.list_warehouses": "warehouse_id",
    "orders.list_orders": "order_id", "incidents.list_incidents": "incident_id",
}  # fmt: skip


class World:
    """Two companies, one with two shops, and somebody of each role at the first shop."""

    def __init__(self, database):
        self.app = create_app()
        self.company, other = factories.make_company(), factories.make_company()
        self.shop = factories.make_shop(self.company)
        self.customer = factories.make_user()
        self.places = {
            "own shop": furnished(self.company, self.shop, self.customer),
            "other shop": furnished(self.company, factories.make_shop(self.company)),
            "other company": furnished(other, factories.make_shop(other)),
        }
        with psycopg.connect(database) as owner:
            for place in self.places.values():
                place["incident_id"] = new_id()
                owner.execute(INCIDENT, [place["incident_id"], place["order_id"]])
        self.callers = {role: self.acting(role, database) for role in ROLES[1:]}

    def acting(self, role, database):
        api = Api(self.app)
        if role == "customer":
            return api.acting_as(self.customer)
        if role != "super_admin":
            shop = None if role == "company_admin" else self.shop
            return api.acting_as(factories.make_member(self.company, role, shop=shop), self.company)
        user = factories.make_user()
        with psycopg.connect(database) as owner:
            owner.execute(SUPER_ADMIN, [new_id(), user.id])
        return api.acting_as(user, self.company)

    def ask(self, role, endpoint, place):
        rule = next(rule for rule in self.app.url_map.iter_rules() if rule.endpoint == endpoint)
        told = {**place, "newcomer": factories.make_user().email}
        return self.callers[role].request(
            next(iter(rule.methods - {"HEAD", "OPTIONS"})),
            rule.build({name: place[name] for name in rule.arguments})[1],
            json=filled(BODIES.get(endpoint), told),
            query_string=filled(QUERIES.get(endpoint), told),
        )


INCIDENT = """
    INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at)
    SELECT %s, id, company_id, 'capture_payment', 'running', '{"code": "timeout", "detail": null}',
        1, now() FROM sagas WHERE subject_id = %s"""
SUPER_ADMIN = "INSERT INTO memberships (id, user_id, role) VALUES (%s, %s, 'super_admin')"


def furnished(company, shop, customer=None):
    """The ids of what there is at a shop: a product on a shelf, somebody who works there, and an order."""
    company_id, customer = company.id, customer or factories.make_user()
    product, warehouse = factories.make_product(shop), factories.make_warehouse(company)
    factories.put_stock(product, warehouse, 100)
    worker = factories.make_member(company, "staff", shop=shop)
    with db.transaction(Tenant(company_id=company_id, user_id=customer.id)):
        order = place_order(
            company_id=company_id, customer_id=customer.id, shop_id=shop.id, lines=[Wanted(product.id, 1)],
            discount_percent=0, shipping_address=ADDRESS, paying=Attempt("pm_card_visa"), now=clock.now(),
        ).order  # fmt: skip
    location = factories.make_location(shop)
    key, _ = factories.make_key(worker, company, {"read_stock"}, shop=shop)
    invitation, _ = factories.invite("somebody@customers.example", worker, company, shop=shop)
    with db.transaction(Tenant(user_id=worker.id)):
        membership = identity.membership_in(user_id=worker.id, company_id=company_id)
    with db.transaction(Tenant(company_id=company_id)):
        event = history.events(company_id=company_id, limit=1)[0]
    return {
        "company_id": company_id, "shop_id": shop.id, "product_id": product.id, "warehouse_id": warehouse.id,
        "membership_id": membership.id, "key_id": key.id, "invitation_id": invitation.id, "order_id": order.id,
        "location_id": location.id, "event_id": event.id,
    }  # fmt: skip


def filled(template, told):
    """The template with the place's ids in it, wherever it names them."""
    if isinstance(template, str):
        return template.format(**told)
    if isinstance(template, dict):
        return {name: filled(inner, told) for name, inner in template.items()}
    return [filled(inner, told) for inner in template] if isinstance(template, list) else template


def reached(endpoint, answer, place):
    """Whether the answer is about what there is at the place; nothing but a refusal is taken for one."""
    if endpoint in LISTED and answer.status_code == 200:
        return str(place[LISTED[endpoint]]) in {row["id"] for row in answer.json["data"]}
    if endpoint in BODIES and endpoint.startswith("incidents.") and answer.status_code == 200:
        return answer.json["data"][0]["saga_id"] is not None
    assert answer.status_code < 300 or answer.status_code in (403, 404, 422), (endpoint, answer.json)
    return answer.status_code < 300


def told(answer):
    """All that an answer tells of what it is about."""
    problem = answer.get_json()
    return answer.status_code, {name: problem.get(name) for name in ("code", "title", "detail", "errors")}


@pytest.fixture
def world(database):
    return World(database)


class TestPolicy:
    def test_has_every_endpoint_that_leads_somewhere(self):
        elsewhere = {endpoint for endpoint in MAY if endpoint.partition(".")[0] in NOWHERE} | MAKES_NEW
        assert SAID.keys() | elsewhere == MAY.keys()
        assert not SAID.keys() & elsewhere

    @pytest.mark.parametrize("role", ROLES[1:])
    def test_is_what_happens_at_ones_own_and_at_others(self, world, role):
        found = {
            endpoint: {
                at for at, place in world.places.items() if reached(endpoint, world.ask(role, endpoint, place), place)
            }
            for endpoint in SAID
        }
        assert found == {endpoint: MEANS[said[role]] for endpoint, said in SAID.items()}

    @pytest.mark.parametrize("role", ROLES[1:])
    def test_refuses_others_as_if_they_were_not_there(self, world, role):
        nothing = dict.fromkeys(world.places["own shop"], new_id())
        for endpoint, said in SAID.items():
            for at in world.places.keys() - MEANS[said[role]]:
                refused = world.ask(role, endpoint, world.places[at])
                if refused.status_code != 200:  # else it is a list, which the walk above has looked through
                    assert told(refused) == told(world.ask(role, endpoint, nothing)), (endpoint, at)
