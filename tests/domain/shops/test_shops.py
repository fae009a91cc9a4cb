"""Shops, and their visibility to buyers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from domain.companies.models import Company
from domain.shops import queries as shops
from domain.shops import shop_lifecycle
from domain.shops.errors import ShopNameTaken, ShopNotFound
from kit import db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from tests.factories import acting_for
from tests.waiting import until

SOMEBODY_WAITS = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")


@pytest.fixture
def shop(database):
    return factories.make_shop(factories.make_company())


class TestTheShop:
    def test_is_visible_only_to_its_company(self, shop):
        with db.transaction(acting_for(shop)):
            assert shops.the_shop(shop_id=shop.id).name == shop.name
        with db.transaction(acting_for(factories.make_company())), pytest.raises(ShopNotFound):
            shops.the_shop(shop_id=shop.id)


class TestCompanyOf:
    @pytest.mark.parametrize("times", [1, 2])
    def test_is_visible_to_everybody(self, shop, times):
        for _ in range(times):
            with db.transaction(Tenant()):
                assert shops.company_of(shop_id=shop.id) == shop.company_id

    def test_refuses_an_unknown_shop(self, database):
        with db.transaction(Tenant()), pytest.raises(ShopNotFound):
            shops.company_of(shop_id=new_id())


class TestChange:
    def test_refuses_a_name_that_a_concurrent_transaction_has_taken(self, shop):
        other = factories.make_shop(Company(id=shop.company_id))

        def rename():
            with db.transaction(acting_for(shop)):
                shop_lifecycle.change(shop_id=other.id, name="Paper & Sons")

        with ThreadPoolExecutor(1) as second:
            with db.transaction(acting_for(shop)):
                session = db.session()
                shop_lifecycle.change(shop_id=shop.id, name="Paper & Sons")
                session.flush()
                renaming = second.submit(rename)
                until(lambda: session.scalar(SOMEBODY_WAITS))
            with pytest.raises(ShopNameTaken):
                renaming.result(30)


class TestOpenShop:
    def test_refuses_a_name_twice_in_one_company(self, database):
        company = factories.make_company()
        name = factories.make_shop(company).name
        factories.make_shop(factories.make_company(), name=name)
        with pytest.raises(ShopNameTaken):
            factories.make_shop(company, name=name)
