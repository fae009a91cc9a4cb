"""A company erases a guest: no trace of the person is left, and the books stay."""

import psycopg
import pytest
from psycopg import sql

from tests import factories
from tests.api.sales.policy import ADDRESS
from tests.guards.statements import OWNERS

TRACES = ("grace@customers.example", "Hopper", "+12025550143", "Navy", "Harbour")


@pytest.fixture
def guest(admin):
    body = {
        "name": "Grace Hopper", "email": "grace@customers.example", "phone": "+1 202 555 0143", "note": "Navy",
        "tags": ["Navy"], "accepts_marketing": True,
    }  # fmt: skip
    customer = admin.post("/api/customers", body).json
    admin.post(f"/api/customers/{customer['id']}/addresses", {"label": "Navy", "address": ADDRESS})
    return customer["id"]


@pytest.fixture
def owner(database):
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def ordered(owner, company, guest, *, status="delivered"):
    """An order of the guest, with a mail about it to the guest and one to the merchant."""
    shop = factories.make_shop(company)
    product = factories.make_product(shop)
    factories.put_stock(product, factories.make_warehouse(company))
    order = factories.make_order(product)
    owner.execute(
        "UPDATE orders SET customer_id = %s, customer_email = %s, customer_name = 'Grace Hopper', status = %s, "
        'phone = \'+12025550143\', note = \'Navy\', shipping_address = \'{"country": "US", "city": "Navy"}\' '
        "WHERE id = %s",
        [guest, "grace@customers.example", status, order.id],
    )
    owner.execute(
        "INSERT INTO mails (id, company_id, order_id, occasion, recipient, template, context) "
        "SELECT gen_random_uuid(), company_id, id, 'x', recipient, 'order_received', '{}' "
        "FROM orders, unnest(ARRAY['grace@customers.example', 'seller@customers.example']) AS recipient WHERE id = %s",
        [order.id],
    )
    return order.id


def traces(owner, company):
    """Tables in which a row of the company has a trace of the guest."""
    found = set()
    for table in OWNERS:
        for (row,) in owner.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))):
            found |= {table for trace in TRACES if trace in row}
    return found


class TestErase:
    def test_leaves_no_trace_of_the_guest_and_keeps_the_orders(self, admin, company, guest, owner):
        order_id = ordered(owner, company, guest)
        assert {"customers", "customer_addresses", "orders", "mails"} <= traces(owner, company)
        assert admin.post(f"/api/customers/{guest}/erase", {}).status_code == 204
        assert traces(owner, company) == set()
        shown = admin.get(f"/api/customers/{guest}").json
        assert (shown["name"], shown["email"], shown["accepts_marketing"]) == ("", None, False)
        kept = owner.execute("SELECT total, shipping_address FROM orders WHERE id = %s", [order_id]).fetchone()
        assert kept == (1999, {"country": "US"})
        recipients = {recipient for (recipient,) in owner.execute("SELECT recipient FROM mails WHERE occasion = 'x'")}
        assert recipients == {f"erased-{guest}@erased.invalid", "seller@customers.example"}

    def test_can_be_repeated_and_is_announced_without_personal_data(self, admin, guest, published):
        for _ in range(2):
            assert admin.post(f"/api/customers/{guest}/erase", {}).status_code == 204
        assert [set(event) for event in published("customer.erased")] == [{"customer_id", "version"}] * 2

    def test_is_refused_while_an_order_is_in_progress(self, admin, company, guest, owner):
        ordered(owner, company, guest, status="shipped")
        refused = admin.post(f"/api/customers/{guest}/erase", {})
        assert (refused.status_code, refused.json["code"]) == (409, "guest_orders_in_progress")
        assert admin.get(f"/api/customers/{guest}").json["name"] == "Grace Hopper"

    def test_is_refused_for_a_user(self, admin, company):
        user = factories.make_customer(company, factories.make_user())
        refused = admin.post(f"/api/customers/{user}/erase", {})
        assert (refused.status_code, refused.json["code"]) == (409, "customer_has_account")
