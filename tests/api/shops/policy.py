"""Who may call the endpoints of `api.shops`, and what the tests send to them."""

from tests import factories
from tests.api.sales.policy import ADDRESS

POLICY = """
endpoint                      super_admin  company_admin  shop_manager  staff  customer  suspended
shops.create_shop             yes          yes            -             -      -         -
shops.list_shops              company      company        shop          shop   -         yes
shops.get_shop                company      company        shop          shop   anyone    yes
shops.update_shop             company      company        -             -      -         -
shops.close_shop              company      company        -             -      -         -
shops.list_shop_staff         company      company        shop          -      -         yes
locations.create_location     company      company        shop          -      -         -
locations.list_locations      company      company        shop          shop   anyone    yes
locations.get_location        company      company        shop          shop   anyone    yes
locations.get_opening_status  company      company        shop          shop   anyone    yes
locations.update_location     company      company        shop          -      -         -
locations.delete_location     company      company        shop          -      -         -
"""

BODIES = {
    "shops.update_shop": {"offers_pickup": True},
    "locations.create_location": {"name": "Quay", "address": ADDRESS, "time_zone": "Europe/Brussels"},
    "locations.update_location": {"opening_hours": "24/7"},
    "shops.create_shop": {"name": "Another"},
}

LISTED = {
    "shops.list_shop_staff": "membership_id",
    "locations.list_locations": "location_id",
    "shops.list_shops": "shop_id",
}

LAST = {"shops.close_shop"}


def rows(at):
    return {"location": factories.make_location(at.shop)}
