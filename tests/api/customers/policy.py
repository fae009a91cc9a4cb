"""Who may call the endpoints of `api.customers`, and what the tests send to them."""

from tests import factories
from tests.api.sales.policy import ADDRESS

POLICY = """
endpoint                               super_admin  company_admin  shop_manager  staff    customer  suspended
customers.create_customer              yes          yes            yes           yes      -         -
customers.list_customers               company      company        company       company  -         yes
customers.export_customers             yes          yes            -             -        -         yes
customers.get_customer                 company      company        company       company  -         yes
customers.update_customer              company      company        company       company  -         -
customers.assign_customer_groups       company      company        company       company  -         -
customers.merge_customer               company      company        company       company  -         -
customers.erase_customer               company      company        -             -        -         -
customers.create_customer_address      company      company        company       company  -         -
customers.update_customer_address      company      company        company       company  -         -
customers.delete_customer_address      company      company        company       company  -         -
customer_groups.create_customer_group  yes          yes            yes           yes      -         -
customer_groups.list_customer_groups   company      company        company       company  -         yes
customer_groups.rename_customer_group  company      company        company       company  -         -
customer_groups.delete_customer_group  company      company        company       company  -         -
"""

BODIES = {
    "customers.create_customer": {"name": "Another"},
    "customers.update_customer": {"name": "Countess"},
    "customers.assign_customer_groups": {"group_ids": []},
    "customers.merge_customer": {"guest_id": "{other_customer_id}"},
    "customers.create_customer_address": {"label": "Home", "address": ADDRESS},
    "customers.update_customer_address": {"label": "Home", "address": ADDRESS},
    "customer_groups.create_customer_group": {"name": "Another"},
    "customer_groups.rename_customer_group": {"name": "{newcomer}"},
}

LAST = {"customers.erase_customer"}

LISTED = {"customers.list_customers": "customer_id", "customer_groups.list_customer_groups": "group_id"}


def rows(at):
    guest, address, group = factories.make_customer_in_group(at.company)
    other, _, _ = factories.make_customer_in_group(at.company)
    return {"customer": guest, "address": address, "group": group, "other_customer": other}
