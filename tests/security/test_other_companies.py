"""Forged ids, cursors, headers and tokens: rows of other companies are answered like missing ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.auth.requirements import REQUIRED
from domain.accounts import one_time_links
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from tests.api.client import Api
from tests.api.policies import BODIES, LISTED, QUERIES
from tests.api.world import comparable, filled
from tests.security.example_counts import examples

OUR_OWN = {"sessions", "addresses"}
"""Blueprints whose ids are of users and not of companies."""
NAMING_A_COMPANY = (
    "X-Company-ID", "X-Tenant-ID", "X-Shop-ID", "X-User-ID", "X-Role", "X-Original-URL", "X-HTTP-Method-Override",
    "X-Forwarded-User", "Forwarded", "Cookie", "orderx.company_id",
)  # fmt: skip
MEMBERS = ("company_admin", "shop_manager", "staff", "super_admin")


def rules(app):
    return {rule.endpoint: rule for rule in app.url_map.iter_rules() if rule.endpoint in REQUIRED}


def ask(world, caller, endpoint, place, body_of=None):
    """The answer to the caller for these ids in the path, and for `body_of` (or the same ids) in body and query."""
    rule = rules(world.app)[endpoint]
    named = {**(body_of or place), "newcomer": factories.make_user().email}
    return caller.request(
        next(iter(rule.methods - {"HEAD", "OPTIONS"})),
        rule.build({name: place[name] for name in rule.arguments})[1],
        json=filled(BODIES.get(endpoint), named),
        query_string=filled(QUERIES.get(endpoint), named) if body_of else None,
    )


def forgeries(place, foreign, names):
    """The place's ids with each of the names forged in turn, and with all of them forged."""
    for forged in ({name} for name in names):
        yield {**place, **{name: foreign[name] for name in forged}}
    yield {**place, **{name: foreign[name] for name in names}}


class TestIdsInPaths:
    @pytest.mark.parametrize("role", MEMBERS)
    def test_of_others_are_answered_like_missing_ones(self, world, role):
        ours, theirs = world.places["own shop"], world.places["other company"]
        nothing = {name: new_id() for name in ours}
        for endpoint, rule in rules(world.app).items():
            if rule.arguments & ours.keys() and endpoint.partition(".")[0] not in OUR_OWN:
                for forged, made_up in zip(
                    forgeries(ours, theirs, rule.arguments), forgeries(ours, nothing, rule.arguments), strict=True
                ):
                    answer = ask(world, world.callers[role], endpoint, forged)
                    assert answer.status_code in (403, 404), endpoint  # 403 whatever id: the role does not allow it
                    assert comparable(answer) == comparable(ask(world, world.callers[role], endpoint, made_up)), (
                        endpoint
                    )

    def test_of_other_users_are_answered_like_missing_ones(self, api):
        me, other = api.acting_as(factories.make_user()), api.acting_as(factories.make_user())
        address = {"label": "Home", "address": BODIES["orders.place_order"]["shipping_address"]}
        kept = other.post("/api/me/addresses", address).json["id"]
        login = other.get("/api/me/sessions").json["data"][0]["id"]
        for method, path, body, theirs in (
            ("PUT", "/api/me/addresses", address, kept),
            ("DELETE", "/api/me/addresses", None, kept),
            ("DELETE", "/api/me/sessions", None, login),
        ):
            answer = me.request(method, f"{path}/{theirs}", json=body)
            assert answer.status_code == 404
            assert comparable(answer) == comparable(me.request(method, f"{path}/{new_id()}", json=body))
        assert [each["id"] for each in other.get("/api/me/addresses").json["data"]] == [kept]
        assert [each["id"] for each in other.get("/api/me/sessions").json["data"]] == [login]


class TestIdsInBodiesAndQueries:
    @pytest.mark.parametrize("role", MEMBERS)
    def test_of_others_are_answered_like_missing_ones(self, world, role):
        ours, theirs = world.places["own shop"], world.places["other company"]
        nothing = {name: new_id() for name in ours}
        for endpoint in BODIES.keys() | QUERIES.keys():
            named = {name for name in ours if f"{{{name}}}" in f"{BODIES.get(endpoint)}{QUERIES.get(endpoint)}"}
            for name in named:
                forged = ask(world, world.callers[role], endpoint, ours, {**ours, name: theirs[name]})
                made_up = ask(world, world.callers[role], endpoint, ours, {**ours, name: nothing[name]})
                assert comparable(forged) == comparable(made_up), (endpoint, name)
                unnamed = [str(each) for other, each in theirs.items() if other != name]
                assert not any(each in forged.text for each in unnamed), (endpoint, name)

    def test_of_a_company_allow_no_login_there(self, world):
        user = factories.make_member(world.company)
        credentials = {"email": user.email, "password": factories.PASSWORD}
        theirs, nothing = world.places["other company"]["company_id"], new_id()
        api = Api(world.app)
        for path, body in (
            ("/api/auth/login", credentials),
            ("/api/auth/refresh", {"refresh_token": api.post("/api/auth/login", credentials).json["refresh_token"]}),
        ):
            answer = api.post(path, {**body, "company_id": str(theirs)})
            assert answer.status_code == 404
            assert comparable(answer) == comparable(api.post(path, {**body, "company_id": str(nothing)}))


def listed_at(world, endpoint):
    """The path of the list at one's own shop and company."""
    rule, place = rules(world.app)[endpoint], world.places["own shop"]
    return rule.build({name: place[name] for name in rule.arguments})[1]


class TestCursors:
    @pytest.mark.parametrize("role", ["company_admin", "staff", "customer"])
    def test_of_others_list_only_own_rows(self, world, role):
        theirs = world.places["other company"]
        for endpoint, name in LISTED.items():
            path, query = listed_at(world, endpoint), filled(QUERIES.get(endpoint) or {}, world.places["own shop"])
            foreign = world.callers[role].get(path, query_string={**query, "after": str(theirs[name])})
            beside = type(theirs[name])(int=theirs[name].int + 1)  # as far along, and nobody's
            made_up = world.callers[role].get(path, query_string={**query, "after": str(beside)})
            assert foreign.status_code in (200, 403), endpoint
            assert foreign.get_json().get("data") == made_up.get_json().get("data"), endpoint
            assert not any(str(each) in foreign.text for each in theirs.values()), endpoint

    @examples(20)
    @given(
        after=st.one_of(st.text(max_size=60), st.uuids(allow_nil=True).map(str), st.binary(max_size=20).map(repr)),
        limit=st.one_of(st.integers(), st.text(max_size=10)),
        endpoint=st.sampled_from(sorted(LISTED)),
    )
    def test_that_are_invalid_are_refused_or_harmless(self, world, after, limit, endpoint):
        query = {"after": after, "limit": limit}
        answer = world.callers["company_admin"].get(listed_at(world, endpoint), query_string=query)
        assert answer.status_code in (200, 422), endpoint
        assert not any(str(each) in answer.text for each in world.places["other company"].values())


class TestHeaders:
    def test_that_name_another_company_change_nothing(self, world):
        theirs, admin = world.places["other company"], world.callers["company_admin"]
        listed = admin.get("/api/orders").json
        for name in NAMING_A_COMPANY:
            forged = {name: str(theirs["company_id"])}
            assert admin.get("/api/orders", headers=forged).json == listed, name
            assert admin.get(f"/api/orders/{theirs['order_id']}", headers=forged).status_code == 404, name

    def test_do_not_return_another_callers_order(self, world):
        key = {"Idempotency-Key": "the-same"}
        body = filled(BODIES["orders.place_order"], world.places["own shop"])
        first = world.callers["customer"].post("/api/orders", body, headers=key)
        second = world.callers["company_admin"].post("/api/orders", body, headers=key)
        assert (first.status_code, second.status_code) == (202, 202)
        assert first.json["id"] != second.json["id"]
        assert "Idempotent-Replayed" not in second.headers


class TestTokensInEachOthersPlace:
    @pytest.fixture
    def tokens(self, api):
        """A valid token of each kind, and the endpoint that accepts it."""
        company, user = factories.make_company(), factories.make_user(verified=False)
        admin = factories.make_member(company)
        pair = api.post("/api/auth/login", {"email": admin.email, "password": factories.PASSWORD}).json
        with db.transaction(Tenant(user_id=user.id)):
            verify = one_time_links.create(user_id=user.id, purpose="verify_email", now=clock.now())
        owner = factories.make_user()
        with db.transaction(Tenant(user_id=owner.id)):
            reset = one_time_links.create(user_id=owner.id, purpose="reset_password", now=clock.now())
        return {
            "access": pair["access_token"], "refresh": pair["refresh_token"],
            "key": factories.make_key(admin, company, {"read_companies"})[1],
            "verify-email": verify, "reset-password": reset,
            "accept-invitation": factories.invite(factories.make_user().email, admin, company)[1],
        }  # fmt: skip

    def test_are_refused(self, api, tokens):
        taken = {}
        for kind, token in tokens.items():
            bearer = {"Authorization": f"Bearer {token}"}
            taken[kind] = {
                "access": api.get("/api/companies", headers=bearer).status_code,
                "refresh": api.post("/api/auth/refresh", {"refresh_token": token}).status_code,
                "accept-invitation": api.post("/api/auth/accept-invitation", {"token": token}).status_code,
                **{
                    path: api.post(
                        f"/api/auth/{path}", {"token": token, "password": "another horse battery"}
                    ).status_code
                    for path in ("verify-email", "reset-password")
                },
            }
        places = ("access", "refresh", "verify-email", "reset-password", "accept-invitation")
        good = {(kind, at) for kind in tokens for at in places if taken[kind][at] < 300}
        assert good == {("key", "access"), *((place, place) for place in places)}
        assert all(code < 500 for answers in taken.values() for code in answers.values())
