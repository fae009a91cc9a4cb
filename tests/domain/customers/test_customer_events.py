"""The events that changes of customers publish: ids and names of fields, no personal data."""

from domain.customers import addresses, records
from kit import clock, db
from kit.tenancy import Tenant
from tests import factories
from tests.concurrency import run_concurrently


def test_customers_announce_their_changes(database, published):
    company = factories.make_company()
    with db.transaction(Tenant(company_id=company.id)):
        customer = records.create(company_id=company.id, name="Grace", email="grace@hopper.example", now=clock.now())
    with db.transaction(Tenant(company_id=company.id)):
        records.change(customer_id=customer.id, name="Grace", note="Call first.", tags=["press"], now=clock.now())
    with db.transaction(Tenant(company_id=company.id)):
        addresses.create(customer_id=customer.id, label="Home", address={"country": "BE"})
    of_customer = {"customer_id": str(customer.id)}
    assert published("customer.created") == [{**of_customer, "version": 1}]
    assert published("customer.updated") == [
        {**of_customer, "version": 2, "changed": ["note", "tags"]},
        {**of_customer, "version": 3, "changed": ["addresses"]},
    ]
    assert published.sequence(customer.id) == [1, 2, 3]


class TestOfUser:
    def test_is_created_once_for_many_first_orders_at_once(self, database, published):
        company, user = factories.make_company(), factories.make_user()

        def first_order():
            with db.transaction(Tenant(company_id=company.id, user_id=user.id)):
                return records.find_or_create_for_user(
                    company_id=company.id, user_id=user.id, name=user.name, email=user.email
                )

        ids = set(run_concurrently(8, first_order))
        assert [event["customer_id"] for event in published("customer.created")] == [str(id_) for id_ in ids]

    def test_keeps_what_the_company_has_changed(self, database):
        company, user = factories.make_company(), factories.make_user()
        with db.transaction(Tenant(company_id=company.id, user_id=user.id)):
            first = records.find_or_create_for_user(
                company_id=company.id, user_id=user.id, name=user.name, email=user.email
            )
            records.change(customer_id=first, name="Countess", now=clock.now())
        with db.transaction(Tenant(company_id=company.id, user_id=user.id)):
            again = records.find_or_create_for_user(
                company_id=company.id, user_id=user.id, name=user.name, email=user.email
            )
            assert records.the_locked_customer(again).name == "Countess"
        assert again == first
