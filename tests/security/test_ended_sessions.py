"""The access token of an ended session cannot write anything."""

from uuid import UUID

import jwt
import psycopg
import pytest

from api.auth.requirements import PUBLIC, REQUIRED
from api.sales import order_submission
from domain.accounts import sessions
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from migrations.tables import metadata
from tests import factories
from tests.api.client import Api
from tests.api.policies import BODIES, ROLES, may_call
from tests.api.sales.policy import ADDRESS
from tests.api.world import filled

PASSWORD = {"password": factories.PASSWORD}
OWN_BODIES = {
    "me.change_password": {"current_password": factories.PASSWORD, "password": "another horse battery"},
    "me.update_me": {"name": "Eve"},
    "addresses.create_address": {"label": "Home", "address": ADDRESS},
    "addresses.update_address": {"label": "Home", "address": ADDRESS},
    "second_factor.set_up_second_factor": PASSWORD,
    "second_factor.confirm_second_factor": {"code": "123456"},
    "second_factor.disable_second_factor": {**PASSWORD, "code": "123456"},
    "privacy.erase_my_account": PASSWORD,
    "companies.create_company": {"name": "Pens", "email": "hello@pens.example", "currency": "EUR"},
    "shops.create_shop": {"name": "Pens"},
    "warehouses.create_warehouse": {"name": "Quay"},
}
CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "123"}
AUDITED = "super_admin_requests"
"""Requests of super admins are recorded before they are answered, refused ones included."""


def end_session(api):
    claims = jwt.decode(api.token, options={"verify_signature": False})
    with db.transaction(Tenant(user_id=UUID(claims["sub"]))):
        sessions.end(session_id=UUID(claims["sid"]), now=clock.now())


def contents(database):
    """A digest of the rows of every table."""
    with psycopg.connect(database) as owner:
        digest = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
        return {table: owner.execute(digest.format(table)).fetchone() for table in metadata.tables if table != AUDITED}


def writing(app, role):
    """The rules of the endpoints that the role can write with."""
    rules = [rule for rule in app.url_map.iter_rules() if REQUIRED.get(rule.endpoint, PUBLIC) != PUBLIC]
    return [rule for rule in rules if "GET" not in rule.methods and may_call(rule.endpoint, role)]


class TestEndedSession:
    @pytest.mark.parametrize("role", ROLES)
    def test_writes_nothing_at_any_endpoint(self, world, database, role):
        place = {**world.places["own shop"], "address_id": new_id(), "session_id": new_id()}
        ids = {**place, "newcomer": "newcomer@customers.example"}
        caller = world.callers[role]
        end_session(caller)
        before = contents(database)
        for rule in writing(world.app, role):
            answer = caller.request(
                next(iter(rule.methods - {"OPTIONS"})),
                rule.build({name: place[name] for name in rule.arguments})[1],
                json=filled({**BODIES, **OWN_BODIES}.get(rule.endpoint), ids),
            )
            assert (answer.status_code, answer.json["code"]) == (401, "session_ended"), rule.endpoint
        assert contents(database) == before

    @pytest.mark.parametrize("payment", [{"payment_method": "pm_card_visa"}, {"card": CARD}])
    def test_places_no_order_and_sends_no_card_to_the_provider(self, world, database, monkeypatch, payment):
        order = {**filled(BODIES["orders.place_order"], world.places["own shop"]), "payment": payment}
        buyer = world.callers["customer"]
        headers = {"Idempotency-Key": "once"}
        assert buyer.post("/api/orders", order).status_code == 202
        end_session(buyer)
        before = contents(database)
        monkeypatch.setattr(order_submission, "gateway", lambda: pytest.fail("the provider was asked"))
        for sent in ({}, headers):
            answer = buyer.post("/api/orders", order, headers=sent)
            assert (answer.status_code, answer.json["code"]) == (401, "session_ended")
        assert contents(database) == before

    def test_reads_nothing_across_companies(self, world):
        caller = world.callers["super_admin"]
        everywhere = "/api/operations/incidents?all_companies=true"
        assert caller.get(everywhere).status_code == 200
        end_session(caller)
        assert caller.get(everywhere).json["code"] == "session_ended"


class TestLogOut:
    """The ways to end a session; none of its tokens can write after that."""

    @pytest.fixture
    def tokens(self, api, database):
        user = factories.make_user(email="ada@customers.example")
        return api.post("/api/auth/login", {"email": user.email, **PASSWORD}).json

    @pytest.fixture
    def me(self, api, tokens):
        me = Api(api.app, tokens["access_token"])
        assert me.patch("/api/me", {"name": "Ada"}).status_code == 200
        return me

    def test_on_this_device(self, api, tokens, me):
        assert api.post("/api/auth/logout", {"refresh_token": tokens["refresh_token"]}).status_code == 204
        assert me.patch("/api/me", {"name": "Eve"}).json["code"] == "session_ended"

    def test_on_all_devices(self, me):
        assert me.delete("/api/me/sessions").status_code == 204
        assert me.patch("/api/me", {"name": "Eve"}).json["code"] == "session_ended"

    def test_by_a_password_reset(self, api, me, database):
        api.post("/api/auth/forgot-password", {"email": "ada@customers.example"})
        with psycopg.connect(database) as owner:
            (link,) = owner.execute("SELECT context->>'link' FROM mails WHERE template = 'reset_password'").fetchone()
        body = {"token": link.partition("#")[2], "password": "another horse battery"}
        assert api.post("/api/auth/reset-password", body).status_code == 204
        assert me.patch("/api/me", {"name": "Eve"}).json["code"] == "session_ended"

    def test_by_a_reused_refresh_token(self, api, tokens, me):
        for _ in range(2):
            second = api.post("/api/auth/refresh", {"refresh_token": tokens["refresh_token"]}).json
        api.post("/api/auth/refresh", {"refresh_token": second["refresh_token"]})
        assert api.post("/api/auth/refresh", {"refresh_token": tokens["refresh_token"]}).status_code == 401
        assert me.patch("/api/me", {"name": "Eve"}).json["code"] == "session_ended"


def test_a_former_super_admin_sees_no_companies(world, database):
    caller = world.callers["super_admin"]
    with psycopg.connect(database) as owner:
        owner.execute("DELETE FROM memberships WHERE role = 'super_admin'")
    assert caller.get("/api/operations/incidents?all_companies=true").json["code"] == "token_invalid"
