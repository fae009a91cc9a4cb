"""The events that changes of products publish."""

from domain.catalogue import products
from kit import db
from kit.money import Money
from tests import factories
from tests.factories import acting_for


def test_products_announce_their_changes(database, published):
    product = factories.make_product(factories.make_shop(factories.make_company()))
    with db.transaction(acting_for(product)):
        products.change_product(product_id=product.id, name="Diary", price=Money(2499, "EUR"))
    with db.transaction(acting_for(product)):
        products.change_product(product_id=product.id, name="Diary")
    ids = {"product_id": str(product.id), "shop_id": str(product.shop_id)}
    first = {**ids, "sku": product.sku, "name": "Notebook", "price": {"amount": 1999, "currency": "EUR"}, "version": 1}
    second = {**first, "name": "Diary", "price": {"amount": 2499, "currency": "EUR"}, "version": 2}
    assert published("product.created") == [first]
    assert published("product.updated") == [{**second, "changed": ["name", "price"]}]
    assert published("product.price_changed") == [
        {**ids, "variant_id": str(product.id), "previous_price": first["price"], "price": second["price"], "version": 2}
    ]
    assert published.sequence(product.id) == [1, 2]


def test_a_new_name_does_not_announce_a_new_price(database, published):
    product = factories.make_product(factories.make_shop(factories.make_company()))
    with db.transaction(acting_for(product)):
        products.change_product(product_id=product.id, name="Diary")
    assert [event["changed"] for event in published("product.updated")] == [["name"]]
    assert published("product.price_changed") == []
