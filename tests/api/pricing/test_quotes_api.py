"""Quotes of prices, as the API gives them."""

from tests import factories


class TestQuotes:
    def test_are_given_for_each_variant_of_a_repeated_parameter(self, admin, shop):
        pen, notebook = factories.make_product(shop, price=150), factories.make_product(shop, price=1999)
        query = {"shop_id": shop.id, "variant_id": [pen.id, notebook.id]}
        quoted = admin.get("/api/prices", query_string=query).json["data"]
        amounts = {row["variant_id"]: row["price"]["amount"] for row in quoted}
        assert amounts == {str(pen.id): 150, str(notebook.id): 1999}

    def test_are_refused_for_two_shops(self, admin, shop):
        query = {"shop_id": [shop.id, shop.id], "variant_id": factories.make_product(shop).id}
        answer = admin.get("/api/prices", query_string=query)
        assert (answer.status_code, answer.json["code"]) == (400, "duplicate_name")

    def test_are_refused_for_text_that_cannot_be_stored_in_any_value(self, admin, shop):
        query = {"shop_id": shop.id, "variant_id": [factories.make_product(shop).id, "\0"]}
        answer = admin.get("/api/prices", query_string=query)
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "variant_id")
