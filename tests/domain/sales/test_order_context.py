import pytest

from domain.accounts.errors import EmailUnverified, UserNotFound
from domain.inventory import reservations as inventory
from domain.inventory.allocation import ReservationRequest
from domain.sales.order_context import load
from domain.shops.errors import ShopNotFound
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories


@pytest.fixture
def company(database):
    return factories.make_company(name="Paper & Sons", allows_discount=True)


@pytest.fixture
def customer(database):
    return factories.make_user()


def asked(customer, shop, *product_ids, by=None):
    """What the shop offers, asked for in its company by the customer or, so they say, by somebody else."""
    with db.transaction(Tenant(company_id=shop.company_id, user_id=(by or customer).id)):
        return load(
            user_id=customer.id, session_id=None, shop_id=shop.id,
            product_ids=product_ids, now=clock.now(),
        )  # fmt: skip


class TestLoad:
    def test_has_the_customer_and_the_companys_terms(self, customer, shop):
        offer = asked(customer, shop)
        assert offer.buyer == (customer.id, customer.name, customer.email, None)
        assert offer[1:] == ("Paper & Sons", "EUR", 20, {})

    def test_has_only_products_of_the_shop(self, customer, company, shop, product):
        next_door = factories.make_product(factories.make_shop(company))
        elsewhere = factories.make_product(factories.make_shop(factories.make_company()))
        offer = asked(customer, shop, product.id, next_door.id, elsewhere.id, new_id())
        assert offer.products == {
            product.id: (product.id, product.sku, product.name, product.price, 0, 1, None, 1, None)
        }

    def test_counts_unreserved_units_in_all_warehouses(self, customer, company, shop, product):
        for on_hand in (2, 3):
            factories.put_stock(product, factories.make_warehouse(company), on_hand)
        order = factories.make_order(product)
        with db.transaction(factories.acting_for(product)):
            inventory.reserve(company_id=company.id, requests=[ReservationRequest(order.id, {product.id: 1})])
        assert asked(customer, shop, product.id).products[product.id].available == 4

    def test_requires_a_verified_email_address(self, shop):
        with pytest.raises(EmailUnverified):
            asked(factories.make_user(verified=False), shop)

    def test_refuses_another_user(self, customer, shop):
        with pytest.raises(UserNotFound):
            asked(customer, shop, by=factories.make_user())

    def test_refuses_another_companys_shop(self, customer, shop):
        elsewhere = factories.make_company()
        with pytest.raises(ShopNotFound), db.transaction(Tenant(company_id=elsewhere.id, user_id=customer.id)):
            load(
                user_id=customer.id, session_id=None, shop_id=shop.id, product_ids=[],
                now=clock.now(),
            )  # fmt: skip

    def test_reports_an_unknown_shop_first(self, company):
        customer = factories.make_user(verified=False)
        with pytest.raises(ShopNotFound), db.transaction(Tenant(company_id=company.id, user_id=customer.id)):
            load(
                user_id=customer.id, session_id=None, shop_id=new_id(), product_ids=[],
                now=clock.now(),
            )  # fmt: skip
