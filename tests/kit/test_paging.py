"""Pages of a list: at most `limit` entries, and the id to continue after while there are more."""

import pytest
from sqlalchemy import select

from domain.shops import queries as shops
from domain.shops.models import Shop
from kit import db
from kit.paging import page
from kit.tenancy import Tenant
from tests import factories


@pytest.fixture
def ids(company):
    return [factories.make_shop(company, name=f"Shop {number}").id for number in range(3)]


def read(company, **arguments):
    with db.transaction(Tenant(company_id=company.id)):
        return shops.shops(**arguments)


class TestPage:
    def test_ends_with_the_id_to_continue_after(self, company, ids):
        first = read(company, limit=2)
        assert ([shop.id for shop in first.data], first.next) == (ids[:2], ids[1])
        rest = read(company, limit=2, after=first.next)
        assert ([shop.id for shop in rest.data], rest.next) == (ids[2:], None)

    def test_is_the_last_one_if_it_has_exactly_the_remaining_entries(self, company, ids):
        whole = read(company, limit=3)
        assert ([shop.id for shop in whole.data], whole.next) == (ids, None)

    def test_of_nothing_is_empty(self, company):
        assert (read(company, limit=1).data, read(company, limit=1).next) == ([], None)

    def test_keeps_its_end_when_its_entries_are_converted(self, company, ids):
        names = read(company, limit=1).map(lambda shop: shop.name)
        assert (names.data, names.next) == (["Shop 0"], ids[0])


class TestNewestFirst:
    def test_continues_with_older_entries(self, company, ids):
        with db.transaction(Tenant(company_id=company.id)):
            first = page(select(Shop), Shop.id, limit=2, newest_first=True)
            rest = page(select(Shop), Shop.id, limit=2, after=first.next, newest_first=True)
        assert [shop.id for shop in (*first.data, *rest.data)] == ids[::-1]
        assert (first.next, rest.next) == (ids[1], None)
