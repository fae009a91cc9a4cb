"""Endpoints that act on a shop or a company, called in every role: for the caller's own shop, and for others."""

import psycopg
import pytest

from domain.access import queries as access
from domain.companies import history
from domain.payments.declines import PaymentSource
from domain.sales.operations import LineRequest
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from saga.place_order import place_order
from tests import factories
from tests.api.client import Api
from tests.api.shared_app import shared_app
from tests.guards.test_policy import ALLOWED, ROLES

# What each role can reach. nobody: nothing; shop: rows of the caller's shop; company: rows of any shop of the
# caller's company; anyone: rows of any shop; own: the customer's own orders.
POLICY = """
endpoint                        super_admin  company_admin  shop_manager  staff    customer
companies.list_companies        company      company        company       company  nobody
companies.get_company           company      company        company       company  nobody
companies.update_company        company      company        nobody        nobody   nobody
lifecycle.get_subscription      company      company        company       company  nobody
lifecycle.change_plan           company      company        nobody        nobody   nobody
lifecycle.list_company_events   company      company        nobody        nobody   nobody
lifecycle.suspend_company       company      nobody         nobody        nobody   nobody
lifecycle.resume_company        company      nobody         nobody        nobody   nobody
lifecycle.delete_company        company      company        nobody        nobody   nobody
lifecycle.restore_company       company      company        nobody        nobody   nobody
shops.list_shop_staff           company      company        shop          nobody   nobody
members.list_members            company      company        shop          nobody   nobody
members.remove_member           company      company        shop          nobody   nobody
invitations.create_invitation   company      company        shop          nobody   nobody
invitations.list_invitations    company      company        shop          nobody   nobody
invitations.revoke_invitation   company      company        shop          nobody   nobody
api_keys.create_api_key         company      company        nobody        nobody   nobody
api_keys.list_api_keys          company      company        nobody        nobody   nobody
api_keys.revoke_api_key         company      company        nobody        nobody   nobody
shops.list_shops                company      company        shop          shop     nobody
shops.get_shop                  company      company        shop          shop     anyone
shops.update_shop               company      company        nobody        nobody   nobody
locations.create_location       company      company        shop          nobody   nobody
locations.list_locations        company      company        shop          shop     anyone
locations.get_location          company      company        shop          shop     anyone
locations.get_opening_status    company      company        shop          shop     anyone
locations.update_location       company      company        shop          nobody   nobody
locations.delete_location       company      company        shop          nobody   nobody
customers.list_customers                company      company        company       company  nobody
customers.get_customer                  company      company        company       company  nobody
customers.update_customer               company      company        company       company  nobody
customers.assign_customer_groups        company      company        company       company  nobody
customers.create_customer_address       company      company        company       company  nobody
customers.update_customer_address       company      company        company       company  nobody
customers.delete_customer_address       company      company        company       company  nobody
customer_groups.list_customer_groups    company      company        company       company  nobody
customer_groups.rename_customer_group   company      company        company       company  nobody
customer_groups.delete_customer_group   company      company        company       company  nobody
products.create_product         company      company        shop          nobody   nobody
products.list_products          company      company        shop          shop     anyone
products.get_product            company      company        shop          shop     anyone
products.update_product         company      company        shop          nobody   nobody
stock.list_stock_levels         company      company        shop          shop     nobody
stock.set_stock_level           company      company        shop          shop     nobody
warehouses.list_warehouses      company      company        company       company  nobody
orders.place_order              company      company        shop          shop     anyone
orders.list_orders              company      company        shop          shop     own
orders.get_order                company      company        shop          shop     own
orders.get_order_status         company      company        shop          shop     own
orders.list_order_sagas         company      company        shop          shop     own
orders.cancel_order             company      company        shop          shop     own
incidents.list_incidents        company      company        nobody        nobody   nobody
incidents.retry_incidents       company      company        nobody        nobody   nobody
incidents.skip_incidents        company      company        nobody        nobody   nobody
incidents.compensate_incidents  company      company        nobody        nobody   nobody
incidents.resolve_incidents     company      company        nobody        nobody   nobody
shops.close_shop                company      company        nobody        nobody   nobody
"""
OWN_ACCOUNT = {"me", "addresses", "memberships", "second_factor", "privacy", "sessions"}
"""Blueprints that act on the caller's own account only."""
CREATES = {
    "companies.create_company", "shops.create_shop", "warehouses.create_warehouse", "customers.create_customer",
    "customer_groups.create_customer_group",
}  # fmt: skip
SCOPES = {
    "nobody": set(),
    "own": {"own shop"},  # the customer of the test has ordered in the first shop
    "shop": {"own shop"},
    "company": {"own shop", "other shop"},
    "anyone": {"own shop", "other shop", "other company"},
}
ROWS = [line.split() for line in POLICY.strip().splitlines()[1:]]
EXPECTED = {endpoint: dict(zip(ROLES[1:], expected, strict=True)) for endpoint, *expected in ROWS}

ADDRESS = {"name": "Ada Lovelace", "line1": "1 Harbour Street", "city": "Antwerp", "country": "BE"}
SETTLED = {"ids": ["{incident_id}"], "reason": "counted", "dry_run": True}
BODIES = {
    "companies.update_company": {"name": "Paper & Daughters"},
    "lifecycle.change_plan": {"plan": "pro"},
    "lifecycle.suspend_company": {"reason": "unpaid"},
    "lifecycle.resume_company": {"reason": "paid"},
    "invitations.create_invitation": {"email": "{newcomer}", "role": "staff", "shop_id": "{shop_id}"},
    "api_keys.create_api_key": {"name": "Robot", "permissions": ["read_stock"], "shop_id": "{shop_id}"},
    "shops.update_shop": {"offers_pickup": True},
    "locations.create_location": {"name": "Quay", "address": ADDRESS, "time_zone": "Europe/Brussels"},
    "locations.update_location": {"opening_hours": "24/7"},
    "customers.update_customer": {"name": "Countess"},
    "customers.assign_customer_groups": {"group_ids": []},
    "customers.create_customer_address": {"label": "Home", "address": ADDRESS},
    "customers.update_customer_address": {"label": "Home", "address": ADDRESS},
    "customer_groups.rename_customer_group": {"name": "{newcomer}"},
    "products.create_product": {
        "shop_id": "{shop_id}", "sku": "{newcomer}", "name": "Pen", "price": {"amount": 1, "currency": "EUR"},
    },
    "products.update_product": {"name": "Pencil"},
    "stock.set_stock_level": {"on_hand": 50},
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
    "companies.list_companies": "company_id", "lifecycle.list_company_events": "event_id",
    "shops.list_shop_staff": "membership_id",
    "locations.list_locations": "location_id", "members.list_members": "membership_id",
    "invitations.list_invitations": "invitation_id", "api_keys.list_api_keys": "key_id", "shops.list_shops": "shop_id",
    "products.list_products": "product_id", "warehouses.list_warehouses": "warehouse_id",
    "customers.list_customers": "customer_id", "customer_groups.list_customer_groups": "group_id",
    "orders.list_orders": "order_id", "incidents.list_incidents": "incident_id",
}  # fmt: skip


class World:
    """Two companies, one of them with two shops, and a caller of each role at the first shop."""

    def __init__(self, database):
        self.app = shared_app()
        self.company, other = factories.make_company(), factories.make_company()
        self.shop = factories.make_shop(self.company)
        self.customer = factories.make_user()
        self.places = {
            "own shop": shop_with_rows(self.company, self.shop, self.customer),
            "other shop": shop_with_rows(self.company, factories.make_shop(self.company)),
            "other company": shop_with_rows(other, factories.make_shop(other)),
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
        ids = {**place, "newcomer": factories.make_user().email}
        return self.callers[role].request(
            next(iter(rule.methods - {"HEAD", "OPTIONS"})),
            rule.build({name: place[name] for name in rule.arguments})[1],
            json=filled(BODIES.get(endpoint), ids),
            query_string=filled(QUERIES.get(endpoint), ids),
        )


INCIDENT = """
    INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at)
    SELECT %s, id, company_id, 'capture_payment', 'running', '{"code": "timeout", "detail": null}',
        1, now() FROM sagas WHERE subject_id = %s"""
SUPER_ADMIN = "INSERT INTO memberships (id, user_id, role) VALUES (%s, %s, 'super_admin')"


def shop_with_rows(company, shop, customer=None):
    """Create rows of every kind in a shop: a product in stock, a member, an order and so on. Returns their ids."""
    company_id, customer = company.id, customer or factories.make_user()
    product, warehouse = factories.make_product(shop), factories.make_warehouse(company)
    factories.put_stock(product, warehouse, 100)
    worker = factories.make_member(company, "staff", shop=shop)
    with db.transaction(Tenant(company_id=company_id, user_id=customer.id)):
        order = place_order(
            company_id=company_id, customer_id=customer.id, shop_id=shop.id, lines=[LineRequest(product.id, 1)],
            discount_percent=0, shipping_address=ADDRESS, payment_source=PaymentSource("pm_card_visa"), now=clock.now(),
        ).order  # fmt: skip
    location = factories.make_location(shop)
    guest, address, group = factories.make_customer_in_group(company)
    key, _ = factories.make_key(worker, company, {"read_stock"}, shop=shop)
    invitation, _ = factories.invite("somebody@customers.example", worker, company, shop=shop)
    with db.transaction(Tenant(user_id=worker.id)):
        membership = access.membership_in(user_id=worker.id, company_id=company_id)
    with db.transaction(Tenant(company_id=company_id)):
        event = history.decisions(company_id=company_id, limit=1).data[0]
    return {
        "company_id": company_id, "shop_id": shop.id, "product_id": product.id, "warehouse_id": warehouse.id,
        "membership_id": membership.id, "key_id": key.id, "invitation_id": invitation.id, "order_id": order.id,
        "location_id": location.id, "event_id": event.id, "customer_id": guest.id, "address_id": address.id,
        "group_id": group.id,
    }  # fmt: skip


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
    assert answer.status_code < 300 or answer.status_code in (403, 404, 422), (endpoint, answer.json)
    return answer.status_code < 300


def comparable(answer):
    """The parts of an answer that must not differ between a foreign row and a missing one."""
    problem = answer.get_json()
    return answer.status_code, {name: problem.get(name) for name in ("code", "title", "detail", "errors")}


@pytest.fixture
def world(database):
    return World(database)


class TestPolicy:
    def test_has_every_endpoint_that_acts_on_a_shop_or_company(self):
        elsewhere = {endpoint for endpoint in ALLOWED if endpoint.partition(".")[0] in OWN_ACCOUNT} | CREATES
        assert EXPECTED.keys() | elsewhere == ALLOWED.keys()
        assert not EXPECTED.keys() & elsewhere

    @pytest.mark.parametrize("role", ROLES[1:])
    def test_is_enforced(self, world, role):
        found = {
            endpoint: {
                at for at, place in world.places.items() if succeeded(endpoint, world.ask(role, endpoint, place), place)
            }
            for endpoint in EXPECTED
        }
        assert found == {endpoint: SCOPES[expected[role]] for endpoint, expected in EXPECTED.items()}

    @pytest.mark.parametrize("role", ROLES[1:])
    def test_answers_for_foreign_rows_as_for_missing_ones(self, world, role):
        nothing = dict.fromkeys(world.places["own shop"], new_id())
        for endpoint, expected in EXPECTED.items():
            for at in world.places.keys() - SCOPES[expected[role]]:
                refused = world.ask(role, endpoint, world.places[at])
                if refused.status_code != 200:  # a list is checked by the test above
                    assert comparable(refused) == comparable(world.ask(role, endpoint, nothing)), (endpoint, at)
