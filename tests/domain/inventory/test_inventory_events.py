"""The events that changes of the stock publish."""

from domain.inventory import reservations as inventory
from domain.inventory.allocation import ReservationRequest
from kit import db
from tests import factories
from tests.factories import acting_for


def test_stock_announces_new_levels(database, published):
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    warehouse = factories.make_warehouse(company)
    for on_hand in (5, 5, 7):
        factories.put_stock(product, warehouse, on_hand)
    assert published("inventory.warehouse_created") == [{"warehouse_id": str(warehouse.id)}]
    ids = {"product_id": str(product.id), "warehouse_id": str(warehouse.id)}
    assert published("inventory.stock_level_set") == [
        {**ids, "previous_on_hand": 0, "on_hand": 5, "reserved": 0},
        {**ids, "previous_on_hand": 5, "on_hand": 7, "reserved": 0},
    ]


def test_orders_announce_once_what_they_move(database, published):
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company))
    released, sold = factories.make_order(product), factories.make_order(product)
    with db.transaction(acting_for(company)):
        requests = [ReservationRequest(order.id, {product.id: 1}) for order in (released, sold)]
        inventory.reserve(company_id=company.id, requests=requests)
    for act, order in [
        (inventory.release, released), (inventory.commit, sold), (inventory.take_back, sold),
        (inventory.release, released), (inventory.take_back, sold),
    ]:  # fmt: skip
        with db.transaction(acting_for(company)):
            act(order_ids=[order.id], company_id=company.id)
    assert published("inventory.reserved") == [{"order_id": str(released.id)}, {"order_id": str(sold.id)}]
    assert published("inventory.released") == [{"order_id": str(released.id)}]
    assert published("inventory.taken_back") == [{"order_id": str(sold.id)}]
