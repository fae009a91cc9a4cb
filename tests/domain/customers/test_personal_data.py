"""What export and erasure do with companies' records of a user."""

import pytest

from domain.customers import addresses, personal_data, queries, records
from kit import clock, db
from kit.tenancy import Tenant
from tests import factories


@pytest.fixture
def user(database):
    return factories.make_user()


@pytest.fixture
def customer(user):
    company = factories.make_company()
    with db.transaction(Tenant(company_id=company.id, user_id=user.id)):
        customer_id = records.find_or_create_for_user(
            company_id=company.id, user_id=user.id, name=user.name, email=user.email
        )
        addresses.create(customer_id=customer_id, label="Home", address={"country": "BE"})
        return records.change(
            customer_id=customer_id, phone="+12025550143", note="Call first.", tags=["press"], now=clock.now()
        )


def export(user):
    with db.transaction(Tenant(user_id=user.id)):
        return personal_data.export(user_id=user.id, now=clock.now())["customer_records"]


class TestExport:
    def test_has_what_each_company_knows(self, user, customer):
        [record] = export(user)
        assert (record.customer.id, record.customer.note) == (customer.id, "Call first.")
        assert [address.label for address in record.addresses] == ["Home"]

    def test_has_nothing_of_others(self, customer):
        assert export(factories.make_user()) == []


class TestErase:
    def test_keeps_the_record_without_personal_data(self, user, customer):
        with db.transaction(Tenant(user_id=user.id)):
            personal_data.erase(user_id=user.id, now=clock.now())
        with db.transaction(Tenant(company_id=customer.company_id)):
            erased = queries.details_of(queries.the_customer(customer_id=customer.id))
        assert (erased.customer.name, erased.customer.email, erased.customer.phone) == ("", None, None)
        assert (erased.customer.note, erased.customer.tags, erased.addresses) == ("", [], [])

    def test_is_refused_for_another_user(self, user, customer):
        with (
            db.transaction(Tenant(user_id=factories.make_user().id)),
            pytest.raises(Exception, match="only themselves"),
        ):
            personal_data.erase(user_id=user.id, now=clock.now())
