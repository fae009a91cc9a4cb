"""An order in the database to write mails about, and the times used by the tests."""

from datetime import UTC, datetime
from uuid import uuid4

from domain.accounts.models import User
from domain.companies.models import Company
from domain.customers.models import Customer
from domain.notifications.mail_queue import LEASE
from domain.sales.models import Order
from domain.shops.models import Shop
from kit import db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests.domain.notifications.example_order import CONTEXT

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LATER = NOW + LEASE
LONG_AGO = NOW - 2 * LEASE


def placed_order():
    company = Company(id=new_id(), name="Corner Ltd", email="orders@corner.example", currency="EUR")
    buyer = User(id=new_id(), email=f"{uuid4()}@x.example", name="Ada", password_hash="none")
    customer = Customer(id=new_id(), company_id=company.id, user_id=buyer.id)
    shop = Shop(id=new_id(), company_id=company.id, name="Corner Shop")
    order = Order(
        id=new_id(),
        company_id=company.id,
        shop_id=shop.id,
        customer_id=customer.id,
        customer_email=buyer.email,
        customer_name=buyer.name,
        currency="EUR",
        subtotal=4848,
        total=4363,
        shipping_address=CONTEXT["shipping_address"],
        placed_at=NOW,
        changed_at=NOW,
    )
    with db.transaction(Tenant(company_id=company.id, user_id=buyer.id)):
        session = db.session()
        for row in (company, buyer, customer, shop, order):
            session.add(row)
            session.flush()
    return order
