"""Who may call the endpoints of `api.accounts`, and what the tests send to them."""

POLICY = """
endpoint                             super_admin  company_admin  shop_manager  staff  customer  suspended
me.get_me                            yes          yes            yes           yes    yes       yes
me.resend_verification_mail          yes          yes            yes           yes    yes       yes
me.change_password                   yes          yes            yes           yes    yes       yes
me.update_me                         yes          yes            yes           yes    yes       yes
addresses.list_addresses             yes          yes            yes           yes    yes       yes
addresses.create_address             yes          yes            yes           yes    yes       yes
addresses.update_address             yes          yes            yes           yes    yes       yes
addresses.delete_address             yes          yes            yes           yes    yes       yes
second_factor.get_second_factor      yes          yes            yes           yes    yes       yes
second_factor.set_up_second_factor   yes          yes            yes           yes    yes       yes
second_factor.confirm_second_factor  yes          yes            yes           yes    yes       yes
second_factor.disable_second_factor  yes          yes            yes           yes    yes       yes
sessions.list_sessions               yes          yes            yes           yes    yes       yes
sessions.end_session                 yes          yes            yes           yes    yes       yes
sessions.end_all_sessions            yes          yes            yes           yes    yes       yes
"""

PUBLIC = """
accounts.register_user
accounts.verify_email
accounts.request_password_reset
accounts.reset_password
links.show
"""
