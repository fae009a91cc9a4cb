"""Profiles, data export and erasure, over HTTP."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, NoResultFound

from domain.accounts import profile
from domain.accounts.errors import TooManyAddresses
from kit import db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from tests.waiting import until

HOME = {"name": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "country": "GB"}
ADDRESSES = "/api/me/addresses"


@pytest.fixture
def user(database):
    return factories.make_user()


@pytest.fixture
def me(api, user):
    return api.acting_as(user)


@pytest.fixture
def sql(database):
    with psycopg.connect(database, autocommit=True) as connection:
        yield lambda query, *params: connection.execute(query, params)


class TestProfile:
    def test_changes_only_the_fields_sent(self, me):
        changes = {"name": "Ada King", "phone": "+44 20 7946 0958", "locale": "en-GB", "time_zone": "Europe/London"}
        assert me.patch("/api/me", changes).status_code == 200
        me.patch("/api/me", {"locale": "de-AT"})
        shown = me.get("/api/me").json
        assert {field: shown[field] for field in changes} == {**changes, "phone": "+442079460958", "locale": "de-AT"}

    @pytest.mark.parametrize("locale", ["de", "es-419", "sr-Latn", "zh-Hant-TW"])
    def test_accepts_any_language_with_script_and_region(self, me, locale):
        assert me.patch("/api/me", {"locale": locale}).json["locale"] == locale

    def test_removes_fields_that_are_null(self, me):
        me.patch("/api/me", {"phone": "+442079460958"})
        assert me.patch("/api/me", {"phone": None}).json["phone"] is None

    @pytest.mark.parametrize(
        "wrong",
        [
            {"phone": "020 7946 0958"}, {"phone": "+44 1"}, {"phone": "call me"}, {"name": None}, {"name": ""},
            {"locale": "xx-YY"}, {"locale": "en_GB"}, {"locale": "../x"}, {"locale": "en-US.<script>"},
            {"locale": "de-DE;q=1"}, {"locale": "en@x;y"}, {"locale": "en-" + "x" * 1_000_000},
            {"time_zone": "Mars/Olympus"}, {"time_zone": "../etc/passwd"}, {"email": "eve@customers.example"},
            {"id": str(new_id())}, {"verified_at": "2026-01-01T00:00:00Z"}, {"password_hash": "x"},
        ],
    )  # fmt: skip
    def test_names_the_wrong_or_read_only_field(self, me, wrong):
        answer = me.patch("/api/me", wrong)
        assert answer.status_code == 422
        assert [error["path"] for error in answer.json["errors"]] == list(wrong)


class TestNotifications:
    def chosen(self, me):
        return me.get("/api/me").json["notifications"]["email"]

    def test_include_news_only_on_request(self, me):
        assert self.chosen(me) == {"order_updates": True, "news": False}

    def test_are_chosen_one_by_one(self, me):
        assert me.patch("/api/me", {"notifications": {"email": {"order_updates": False}}}).status_code == 200
        me.patch("/api/me", {"notifications": {"email": {"news": True}}})
        me.patch("/api/me", {"notifications": {}})
        me.patch("/api/me", {"name": "Ada King"})
        assert self.chosen(me) == {"order_updates": False, "news": True}

    @pytest.mark.parametrize(
        ("wrong", "path"),
        [
            (None, "notifications"), ({"sms": {"news": True}}, "notifications.sms"),
            ({"email": None}, "notifications.email"), ({"email": {"news": None}}, "notifications.email.news"),
            ({"email": {"news": 1}}, "notifications.email.news"),
            ({"email": {"password_changed": False}}, "notifications.email.password_changed"),
        ],
    )  # fmt: skip
    def test_have_known_kinds_and_boolean_values(self, me, wrong, path):
        answer = me.patch("/api/me", {"notifications": wrong})
        assert (answer.status_code, [error["path"] for error in answer.json["errors"]]) == (422, [path])

    def test_cannot_be_chosen_by_others(self, database):
        company = factories.make_company()
        colleague, other = factories.make_member(company), factories.make_member(company)
        with pytest.raises(NoResultFound), db.transaction(Tenant(company.id, other.id)):
            profile.change(user_id=colleague.id, values={"notifications": {"email": {"news": True}}})


class TestAddresses:
    def test_are_created_updated_and_deleted(self, me):
        kept = me.post(ADDRESSES, {"label": "Home", "address": HOME})
        assert kept.status_code == 201
        path = f"{ADDRESSES}/{kept.json['id']}"
        changed = me.put(path, {"label": "Old home", "address": {**HOME, "city": "Ockham"}}).json
        assert me.get(ADDRESSES).json["data"] == [changed]
        assert (changed["label"], changed["address"]["city"]) == ("Old home", "Ockham")
        assert me.delete(path).status_code == 204
        assert me.get(ADDRESSES).json["data"] == []

    def test_are_hidden_from_others(self, api, me):
        kept = me.post(ADDRESSES, {"label": "Home", "address": HOME}).json
        company = factories.make_company()
        for stranger in (factories.make_user(), factories.make_member(company)):
            as_stranger = api.acting_as(stranger)
            assert as_stranger.get(ADDRESSES).json["data"] == []
            assert as_stranger.delete(f"{ADDRESSES}/{kept['id']}").json["code"] == "address_not_found"
            answer = as_stranger.put(f"{ADDRESSES}/{kept['id']}", {"label": "Mine", "address": HOME})
            assert (answer.status_code, answer.json["code"]) == (404, "address_not_found")
        assert me.get(ADDRESSES).json["data"] == [kept]

    def test_are_fifty_at_most(self, me, user, sql):
        sql(
            "INSERT INTO addresses (id, user_id, label, address)"
            " SELECT gen_random_uuid(), %s, 'Home', '{}' FROM generate_series(1, 50)",
            user.id,
        )
        answer = me.post(ADDRESSES, {"label": "Home", "address": HOME})
        assert (answer.status_code, answer.json["code"]) == (409, "too_many_addresses")

    def test_are_fifty_at_most_under_concurrency(self, user, sql):
        sql(
            "INSERT INTO addresses (id, user_id, label, address)"
            " SELECT gen_random_uuid(), %s, 'Home', '{}' FROM generate_series(1, 49)",
            user.id,
        )
        waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

        def keep():
            with db.transaction(Tenant(user_id=user.id)):
                profile.create_address(user_id=user.id, label="Home", address=HOME)

        with ThreadPoolExecutor(1) as pool:
            with db.transaction(Tenant(user_id=user.id)):
                profile.create_address(user_id=user.id, label="Home", address=HOME)
                late = pool.submit(keep)
                until(lambda: late.done() or sql(waiting).fetchone() is not None)
            with pytest.raises(TooManyAddresses):
                late.result()
        assert sql("SELECT count(*) FROM addresses").fetchone() == (50,)

    def test_require_the_fields_of_a_postal_address(self, me):
        answer = me.post(ADDRESSES, {"label": "Home", "address": {"name": "Ada"}})
        assert {error["path"] for error in answer.json["errors"]} == {
            "address.line1", "address.city", "address.country"
        }  # fmt: skip


class TestExport:
    def test_contains_all_data_of_the_user(self, me, user):
        me.post(ADDRESSES, {"label": "Home", "address": HOME})
        me.patch("/api/me", {"notifications": {"email": {"news": True}}})
        shops = []
        for company in (factories.make_company(), factories.make_company()):
            shops.append(factories.make_shop(company))
            product = factories.make_product(shops[-1])
            factories.put_stock(product, factories.make_warehouse(company))
            factories.make_order(product, 2, customer=user)
        factories.make_order(product)
        export = me.get("/api/me/export").json
        assert export["user"]["email"] == user.email
        assert export["user"]["notifications"] == {"email": {"order_updates": True, "news": True}}
        assert [address["label"] for address in export["addresses"]] == ["Home"]
        assert len(export["sessions"]) == 1
        assert {order["shop_id"] for order in export["orders"]} == {str(shop.id) for shop in shops}
        assert [order["lines"][0]["quantity"] for order in export["orders"]] == [2, 2]


class TestErasure:
    @pytest.fixture
    def order(self, user, sql):
        company = factories.make_company()
        product = factories.make_product(factories.make_shop(company))
        factories.put_stock(product, factories.make_warehouse(company))
        order = factories.make_order(product, customer=user)
        sql("UPDATE orders SET status = 'failed' WHERE id = %s", order.id)
        return order

    def erase(self, api, user, password=factories.PASSWORD):
        return api.acting_as(user).post("/api/me/erase", {"password": password})

    def test_leaves_the_order_and_no_trace_of_the_person(self, api, me, user, order, sql):
        wishes = {"email": {"order_updates": False, "news": True}}
        me.patch("/api/me", {"name": "Ada Byron", "phone": "+442079460958", "notifications": wishes})
        me.post(ADDRESSES, {"label": "Home", "address": HOME})
        api.post("/api/auth/forgot-password", {"email": user.email})
        sql(
            "INSERT INTO mails (id, company_id, order_id, occasion, recipient, template, context)"
            " SELECT gen_random_uuid(), company_id, id, 'order.created', customer_email, 'order_received', '{\"a\": 1}'"
            " FROM orders",
        )
        sql(
            "UPDATE orders SET billing_address = shipping_address, phone = '+442079460958', note = 'For Ada, thank you'"
        )
        assert self.erase(api, user).status_code == 204
        (kept,) = sql("SELECT id, total, shipping_address, billing_address, phone, note FROM orders").fetchall()
        assert kept == (order.id, order.total, {"country": "BE"}, {"country": "BE"}, None, None)
        assert sql("SELECT status, context FROM mails").fetchall() == [("refused", {})]
        begun_with = {"email": {"order_updates": True, "news": False}}
        assert sql("SELECT notifications FROM users WHERE id = %s", user.id).fetchone() == (begun_with,)
        tables = sql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        said = "".join(str(sql(f"SELECT t::text FROM {name} t").fetchall()) for (name,) in tables.fetchall())
        for trace in (user.email, "Ada", "Lovelace", "+44", "Harbour Street", "James"):
            assert trace not in said

    def test_ends_all_access(self, api, user):
        login = api.post("/api/auth/login", {"email": user.email, "password": factories.PASSWORD}).json
        self.erase(api, user)
        assert api.post("/api/auth/refresh", {"refresh_token": login["refresh_token"]}).status_code == 401
        for password in (factories.PASSWORD, "the password of nobody"):
            for email in (user.email, f"erased-{user.id}@erased.invalid"):
                assert api.post("/api/auth/login", {"email": email, "password": password}).status_code in (401, 422)

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PATCH", "/api/me", {"name": "Grace Hopper"}),
            ("POST", ADDRESSES, {"label": "Home", "address": HOME}),
            ("POST", "/api/me/verification-mail", None),
            ("POST", "/api/me/second-factor", {"password": factories.PASSWORD}),
            ("POST", "/api/companies", {"name": "Paper", "email": "a@paper.example", "currency": "EUR"}),
        ],
    )
    def test_refuses_later_writes(self, api, me, user, method, path, body):
        self.erase(api, user)
        assert me.request(method, path, json=body).status_code in {401, 403}
        assert me.get("/api/me/export").json["addresses"] == []

    def test_lets_the_address_be_registered_again(self, api, user, sql):
        self.erase(api, user)
        again = {"email": user.email, "name": "Ada", "password": "three blind mice, see how they run"}
        api.post("/api/auth/register", again)
        assert sql("SELECT template FROM mails").fetchall() == [("verify_email",)]

    def test_requires_the_password(self, api, user, sql):
        assert self.erase(api, user, "a wrong one").status_code == 401
        assert sql("SELECT erased_at FROM users").fetchall() == [(None,)]

    @pytest.mark.parametrize("status", ["pending", "paid", "fulfilling", "shipped"])
    def test_is_refused_while_orders_are_in_progress(self, api, user, order, sql, status):
        sql("UPDATE orders SET status = %s", status)
        answer = self.erase(api, user)
        assert (answer.status_code, answer.json["code"]) == (409, "orders_in_progress")

    def test_is_allowed_with_orders_paid_long_ago(self, api, user, order, sql):
        sql("UPDATE orders SET status = 'paid', changed_at = now() - interval '31 days'")
        assert self.erase(api, user).status_code == 204

    def test_is_refused_to_the_last_admin_of_a_company(self, api, sql):
        company = factories.make_company()
        admin = factories.make_member(company)
        answer = self.erase(api, admin)
        assert (answer.status_code, answer.json["code"]) == (409, "last_admin")
        factories.make_member(company)
        assert self.erase(api, admin).status_code == 204
        assert sql("SELECT count(*) FROM memberships WHERE user_id = %s", admin.id).fetchone() == (0,)

    def test_of_others_is_refused_by_postgresql(self, user, database):
        for function in ("erase_user", "erase_member", "erase_customer", "delete_mails_to"):
            with pytest.raises(DBAPIError, match="only themselves"), db.transaction(Tenant(user_id=new_id())):
                db.session().execute(text(f"SELECT {function}(:user)"), {"user": user.id})
