"""Listing orders by filters and search, in a chosen order."""

from uuid import UUID

import pytest

from domain.payments import payment_records
from domain.payments.gateway import Answer
from domain.payments.queries import the_payment
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from tests.api.client import paths


@pytest.fixture
def seller(market):
    return market.api.acting_as(factories.make_member(market.company), market.company)


@pytest.fixture
def placed(market, order):
    """Orders of 3, 1 and 2 units, in this order; the last one of a till."""
    member = market.api.acting_as(factories.make_member(market.company, "staff"), market.company)

    def place(api, quantity, **others):
        lines = [{**order["lines"][0], "quantity": quantity}]
        answer = api.post("/api/orders", {**order, "lines": lines, **others})
        assert answer.status_code == 202, answer.json
        return answer.json

    return [place(market.buyer, 3), place(market.buyer, 1), place(member, 2, channel="pos")]


def found(api, query, placed):
    """The positions among the placed orders of those that the query lists."""
    answer = api.get(f"/api/orders?{query}")
    assert answer.status_code == 200, answer.json
    ids = [order["id"] for order in placed]
    return [ids.index(order["id"]) for order in answer.json["data"]]


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "positions"),
        [
            ("channel=pos", [2]),
            ("channel=shop&payment_state=none&fulfilment_state=none", [1, 0]),
            ("payment_state=paid", []),
            ("total_from=1999&total_until=3998", [2, 1]),
            ("total_from=5997", [0]),
            ("sort=placed_at", [0, 1, 2]),
            ("sort=total", [1, 2, 0]),
            ("sort=-total", [0, 2, 1]),
        ],
    )
    def test_find(self, seller, placed, query, positions):
        assert found(seller, query, placed) == positions

    def test_have_an_end_of_time(self, seller, placed):
        times = [order["placed_at"].replace("+00:00", "Z") for order in placed]
        assert found(seller, f"placed_since={times[0]}&placed_until={times[2]}", placed) == [1, 0]

    @pytest.mark.parametrize(
        "query", ["sort=customer_email", "include=payments", "total_from=-1", "total_from=many", "channel=fax", "q=%00"]
    )
    def test_name_the_wrong_one(self, seller, placed, query):
        answer = seller.get(f"/api/orders?{query}")
        assert (answer.status_code, paths(answer)) == (422, {query.partition("=")[0]})

    @pytest.mark.parametrize("sort", ["placed_at", "-placed_at", "total", "-total"])
    def test_page_through_all_in_each_order(self, seller, placed, sort):
        whole = [order["id"] for order in seller.get(f"/api/orders?sort={sort}").json["data"]]
        pages, after = [], ""
        while after is not None:
            page = seller.get(f"/api/orders?sort={sort}&limit=1{after and '&after=' + after}").json
            pages += [order["id"] for order in page["data"]]
            after = page["next"]
        assert pages == whole

    def test_refuse_to_go_on_after_an_unknown_order(self, seller, placed):
        assert seller.get(f"/api/orders?sort=total&after={new_id()}").status_code == 404


class TestSearch:
    def test_finds_a_number(self, seller, placed):
        assert found(seller, f"q={placed[1]['number'].lower()}", placed) == [1]

    def test_finds_the_buyer(self, seller, market, placed):
        assert found(seller, f"q={market.customer.email.upper()}", placed) == [1, 0]
        assert found(seller, "q=lovelac", placed) == [2, 1, 0]
        assert found(seller, "q=lo%25", placed) == []

    def test_finds_a_sku(self, seller, placed):
        sku = placed[0]["lines"][0]["sku"]
        assert found(seller, f"sku={sku}", placed) == found(seller, f"q={sku}", placed) == [2, 1, 0]
        assert found(seller, "sku=other", placed) == []

    def test_finds_a_reference_of_the_payment_provider(self, seller, market, placed):
        with db.transaction(Tenant(market.company.id)):
            payment = the_payment(order_id=UUID(placed[2]["id"]))
            answer = Answer("authorised", "pi_found", payment.amount)
            payment_records.record(answers={payment.id: answer}, now=clock.now())
        assert found(seller, "q=pi_found", placed) == [2]

    def test_finds_nothing_of_other_companies(self, market, placed):
        company = factories.make_company()
        stranger = market.api.acting_as(factories.make_member(company), company)
        for text in (placed[0]["number"], market.customer.email, placed[0]["lines"][0]["sku"]):
            assert found(stranger, f"q={text}", placed) == []

    @pytest.mark.parametrize("name", ["q", "sku"])
    def test_is_for_members_only(self, market, placed, name):
        answer = market.buyer.get(f"/api/orders?{name}=x")
        assert (answer.status_code, paths(answer)) == (422, {name})


class TestLines:
    def test_are_included_on_request(self, seller, market, placed):
        for api, positions in ((seller, [2, 1, 0]), (market.buyer, [1, 0])):
            listed = api.get("/api/orders?include=lines").json["data"]
            assert [order["lines"] for order in listed] == [placed[position]["lines"] for position in positions]

    def test_are_left_out_otherwise(self, seller, placed):
        assert all("lines" not in order for order in seller.get("/api/orders").json["data"])
