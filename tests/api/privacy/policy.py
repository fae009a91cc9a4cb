"""Who may call the endpoints of `api.privacy`, and what the tests send to them."""

POLICY = """
endpoint                  super_admin  company_admin  shop_manager  staff  customer  suspended
privacy.export_my_data    yes          yes            yes           yes    yes       yes
privacy.erase_my_account  yes          yes            yes           yes    yes       yes
"""
