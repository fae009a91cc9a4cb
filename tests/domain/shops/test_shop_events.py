"""The events that changes of shops and their locations publish."""

from domain.shops import locations, shop_lifecycle
from kit import clock, db
from tests import factories
from tests.factories import acting_for


def test_shops_announce_their_changes(database, published):
    shop = factories.make_shop(factories.make_company(), name="Harbour")
    with db.transaction(acting_for(shop)):
        shop_lifecycle.change(shop_id=shop.id, offers_pickup=True)
        shop_lifecycle.close(shop_id=shop.id, now=clock.now())
        shop_lifecycle.close(shop_id=shop.id, now=clock.now())
    details = {"shop_id": str(shop.id), "name": "Harbour"}
    assert published("shop.created") == [{**details, "version": 1}]
    assert published("shop.updated") == [{**details, "version": 2, "changed": ["offers_pickup"]}]
    assert published("shop.closed") == [{**details, "version": 3}]
    assert published.sequence(shop.id) == [1, 2, 3]


def test_locations_announce_their_changes(database, published):
    shop = factories.make_shop(factories.make_company())
    location = factories.make_location(shop)
    ids = {"shop_id": str(shop.id), "location_id": str(location.id)}
    with db.transaction(acting_for(shop)):
        locations.change(location_id=location.id, shop_id=shop.id, name="Quay")
        locations.change(location_id=location.id, shop_id=shop.id, name="Quay")
        locations.remove(location_id=location.id, shop_id=shop.id)
    assert published("shop.location_created") == [ids]
    assert published("shop.location_updated") == [{**ids, "changed": ["name"], "version": 2}]
    assert published("shop.location_deleted") == [ids]
