"""Companies are closed for good once their grace period is over."""

from datetime import timedelta

import psycopg
import pytest

from domain.companies import lifecycle
from kit import clock, db
from kit.ids import new_id
from saga.schedules import companies
from saga.schedules.companies import close_due_companies
from tests import factories
from tests.factories import acting_for
from workers import schedules

NOW = clock.now()
LATER = NOW + lifecycle.DELETION_GRACE_PERIOD
ENDED = {
    "roles": "SELECT count(*) FROM memberships WHERE company_id = %s",
    "invitations": "SELECT count(*) FROM invitations WHERE company_id = %s",
    "keys": "SELECT count(*) FROM api_keys WHERE company_id = %s AND revoked_at IS NULL",
    "shops": "SELECT count(*) FROM shops WHERE company_id = %s AND closed_at IS NULL",
}
KEPT = "SELECT count(*) FROM orders WHERE company_id = %s"


@pytest.fixture
def company_with_data(database):
    """A company with an admin, an invitation, an API key, a shop and an order."""

    def make():
        company = factories.make_company()
        admin = factories.make_member(company)
        shop = factories.make_shop(company)
        factories.invite("somebody@customers.example", admin, company)
        factories.make_key(admin, company, {"read_stock"})
        product = factories.make_product(shop)
        factories.put_stock(product, factories.make_warehouse(company))
        factories.make_order(product)
        return company

    return make


def request_deletion(company):
    with db.transaction(acting_for(company)):
        lifecycle.request_deletion(company_id=company.id, by=new_id(), now=NOW)


def left_of(database, company):
    with psycopg.connect(database) as owner:
        counted = {what: owner.execute(query, [company.id]).fetchone()[0] for what, query in ENDED.items()}
        return counted, owner.execute(KEPT, [company.id]).fetchone()[0]


class TestCloseDue:
    def test_closes_the_others_when_one_cannot_be_closed_and_fails_then(self, database, company_with_data, monkeypatch):
        due = [company_with_data() for _ in range(3)]
        for company in due:
            request_deletion(company)
        close = lifecycle.close

        def closing(*, company_id, now):
            if company_id == due[0].id:
                raise KeyError(company_id)
            return close(company_id=company_id, now=now)

        monkeypatch.setattr(lifecycle, "close", closing)
        with pytest.raises(ExceptionGroup, match="not closed") as failed:
            close_due_companies(now=LATER)
        assert [type(error) for error in failed.value.exceptions] == [KeyError]
        monkeypatch.undo()
        assert close_due_companies(now=LATER) == 1

    def test_revokes_all_access_closes_all_shops_and_keeps_the_orders(self, database, company_with_data):
        company, other = company_with_data(), company_with_data()
        request_deletion(company)
        assert close_due_companies(now=LATER) == 1
        assert left_of(database, company) == (dict.fromkeys(ENDED, 0), 1)
        assert left_of(database, other) == (dict.fromkeys(ENDED, 1), 1)

    def test_waits_for_the_grace_period_and_is_done_once(self, database, company_with_data):
        company = company_with_data()
        request_deletion(company)
        assert close_due_companies(now=LATER - timedelta(seconds=1)) == 0
        assert [close_due_companies(now=LATER) for _ in range(2)] == [1, 0]
        with psycopg.connect(database) as owner:
            closed = owner.execute("SELECT count(*) FROM events WHERE type = 'company.closed'").fetchone()
        assert closed == (1,)

    def test_closes_a_limited_number_at_a_time(self, database, company_with_data, monkeypatch):
        monkeypatch.setattr(companies, "MAX_COMPANIES", 2)
        for _ in range(3):
            request_deletion(company_with_data())
        assert [close_due_companies(now=LATER) for _ in range(3)] == [2, 1, 0]

    def test_is_scheduled(self):
        assert schedules.declared()["close_due_companies"] is close_due_companies
