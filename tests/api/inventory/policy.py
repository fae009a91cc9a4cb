"""Who may call the endpoints of `api.inventory`, and what the tests send to them."""

from tests import factories

POLICY = """
endpoint                     super_admin  company_admin  shop_manager  staff    customer  suspended
stock.list_stock_levels      company      company        shop          shop     -         yes
stock.set_stock_level        company      company        shop          shop     -         -
warehouses.create_warehouse  yes          yes            -             -        -         -
warehouses.list_warehouses   company      company        company       company  -         yes
"""

BODIES = {"stock.set_stock_level": {"on_hand": 50}, "warehouses.create_warehouse": {"name": "Another"}}

LISTED = {"warehouses.list_warehouses": "warehouse_id"}


def rows(at):
    warehouse = factories.make_warehouse(at.company)
    factories.put_stock(at.rows["product"], warehouse, 100)
    return {"warehouse": warehouse}
