"""Every endpoint is called in every role, and the result compared with the policy below."""

import psycopg
import pytest

from kit.ids import new_id
from tests import factories
from tests.api.client import Api
from tests.api.shared_app import shared_app

POLICY = """
endpoint                             super_admin  company_admin  shop_manager  staff  customer
me.get_me                            yes          yes            yes           yes    yes
me.resend_verification_mail          yes          yes            yes           yes    yes
me.change_password                   yes          yes            yes           yes    yes
me.update_me                         yes          yes            yes           yes    yes
addresses.list_addresses             yes          yes            yes           yes    yes
addresses.create_address             yes          yes            yes           yes    yes
addresses.update_address             yes          yes            yes           yes    yes
addresses.delete_address             yes          yes            yes           yes    yes
second_factor.get_second_factor      yes          yes            yes           yes    yes
second_factor.set_up_second_factor   yes          yes            yes           yes    yes
second_factor.confirm_second_factor  yes          yes            yes           yes    yes
second_factor.disable_second_factor  yes          yes            yes           yes    yes
privacy.export_my_data               yes          yes            yes           yes    yes
privacy.erase_my_account             yes          yes            yes           yes    yes
memberships.end_membership           yes          yes            yes           yes    yes
sessions.list_sessions               yes          yes            yes           yes    yes
sessions.end_session                 yes          yes            yes           yes    yes
sessions.end_all_sessions            yes          yes            yes           yes    yes
companies.create_company             yes          yes            yes           yes    yes
companies.list_companies             yes          yes            yes           yes    yes
companies.get_company                yes          yes            yes           yes    yes
companies.update_company             yes          yes            -             -      -
lifecycle.get_subscription           yes          yes            yes           yes    yes
lifecycle.change_plan                yes          yes            -             -      -
lifecycle.suspend_company            yes          -              -             -      -
lifecycle.resume_company             yes          -              -             -      -
lifecycle.delete_company             yes          yes            -             -      -
lifecycle.restore_company            yes          yes            -             -      -
lifecycle.list_company_events        yes          yes            -             -      -
members.list_members                 yes          yes            yes           -      -
members.remove_member                yes          yes            yes           -      -
invitations.create_invitation        yes          yes            yes           -      -
invitations.list_invitations         yes          yes            yes           -      -
invitations.revoke_invitation        yes          yes            yes           -      -
api_keys.create_api_key              yes          yes            -             -      -
api_keys.list_api_keys               yes          yes            -             -      -
api_keys.revoke_api_key              yes          yes            -             -      -
shops.create_shop                    yes          yes            -             -      -
shops.list_shops                     yes          yes            yes           yes    -
shops.get_shop                       yes          yes            yes           yes    yes
shops.update_shop                    yes          yes            -             -      -
shops.close_shop                     yes          yes            -             -      -
shops.list_shop_staff                yes          yes            yes           -      -
locations.create_location            yes          yes            yes           -      -
locations.list_locations             yes          yes            yes           yes    yes
locations.get_location               yes          yes            yes           yes    yes
locations.get_opening_status         yes          yes            yes           yes    yes
locations.update_location            yes          yes            yes           -      -
locations.delete_location            yes          yes            yes           -      -
customers.create_customer            yes          yes            yes           yes    -
customers.list_customers             yes          yes            yes           yes    -
customers.get_customer               yes          yes            yes           yes    -
customers.update_customer            yes          yes            yes           yes    -
customers.assign_customer_groups     yes          yes            yes           yes    -
customers.create_customer_address    yes          yes            yes           yes    -
customers.update_customer_address    yes          yes            yes           yes    -
customers.delete_customer_address    yes          yes            yes           yes    -
customer_groups.create_customer_group yes          yes            yes           yes    -
customer_groups.list_customer_groups yes          yes            yes           yes    -
customer_groups.rename_customer_group yes          yes            yes           yes    -
customer_groups.delete_customer_group yes          yes            yes           yes    -
products.create_product              yes          yes            yes           -      -
products.list_products               yes          yes            yes           yes    yes
products.get_product                 yes          yes            yes           yes    yes
products.update_product              yes          yes            yes           -      -
stock.list_stock_levels              yes          yes            yes           yes    -
stock.set_stock_level                yes          yes            yes           yes    -
warehouses.create_warehouse          yes          yes            -             -      -
warehouses.list_warehouses           yes          yes            yes           yes    -
orders.place_order                   yes          yes            yes           yes    yes
orders.list_orders                   yes          yes            yes           yes    yes
orders.get_order                     yes          yes            yes           yes    yes
orders.get_order_status              yes          yes            yes           yes    yes
orders.list_order_sagas              yes          yes            yes           yes    yes
orders.cancel_order                  yes          yes            yes           yes    yes
incidents.list_incidents             yes          yes            -             -      -
incidents.retry_incidents            yes          yes            -             -      -
incidents.skip_incidents             yes          yes            -             -      -
incidents.compensate_incidents       yes          yes            -             -      -
incidents.resolve_incidents          yes          yes            -             -      -
"""
PUBLIC = """
accounts.register_user
accounts.verify_email
accounts.request_password_reset
accounts.reset_password
auth.accept_invitation
links.show
website.show_home
website.show_problem
plans.list_plans
auth.log_in
auth.refresh_tokens
auth.log_out
health.check_liveness
health.check_readiness
health.get_metrics
health.list_signing_keys
api-docs.openapi_json
api-docs.openapi_swagger_ui
asyncapi.show
swagger-ui.asset
"""
ROLES, *ROWS = [line.split() for line in POLICY.strip().splitlines()]
ALLOWED = {endpoint: dict(zip(ROLES[1:], expected, strict=True)) for endpoint, *expected in ROWS}
SOME_ID = "01a1f9fb-f07c-7766-bd40-d664d485d37e"


@pytest.fixture
def app(database):
    return shared_app()


@pytest.fixture
def callers(app, database):
    """A client of the app for each role: at one company, or as a customer."""
    company, api = factories.make_company(), Api(app)
    members = {role: factories.make_member(company, role) for role in ("company_admin", "shop_manager", "staff")}
    found = {role: api.acting_as(user, company) for role, user in members.items()}
    super_admin, customer = factories.make_user(), factories.make_user()
    with psycopg.connect(database) as connection:  # only the database owner may create one
        row = [new_id(), super_admin.id]
        connection.execute("INSERT INTO memberships (id, user_id, role) VALUES (%s, %s, 'super_admin')", row)
    return {**found, "super_admin": api.acting_as(super_admin, company), "customer": api.acting_as(customer)}


def called(app, api, rule):
    path = rule.build(dict.fromkeys(rule.arguments, SOME_ID))[1]
    method = next(iter(rule.methods - {"HEAD", "OPTIONS"}))
    answer = api.request(method, path, json={} if method in {"POST", "PUT", "PATCH"} else None)
    return answer.status_code, (answer.get_json(silent=True) or {}).get("code")


class TestPolicy:
    def test_has_every_endpoint(self, app):
        assert {rule.endpoint for rule in app.url_map.iter_rules()} == ALLOWED.keys() | set(PUBLIC.split())

    @pytest.mark.parametrize("role", ROLES[1:])
    def test_is_enforced(self, app, callers, role):
        rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint in ALLOWED]
        refused = {rule.endpoint for rule in rules if called(app, callers[role], rule) == (403, "forbidden")}
        assert refused == {endpoint for endpoint, expected in ALLOWED.items() if expected[role] == "-"}

    def test_requires_no_token_for_other_endpoints(self, app):
        rules = {rule.endpoint: rule for rule in app.url_map.iter_rules() if "<" not in rule.rule}
        asked = {name for name, rule in rules.items() if called(app, Api(app), rule) == (401, "unauthenticated")}
        assert asked == {name for name in rules if name in ALLOWED}
