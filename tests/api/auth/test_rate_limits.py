"""Rate limits, counted by a real Valkey, and without Valkey."""

import contextlib
import io
import json

import pytest
import redis

from api.app import create_app
from api.auth import rate_limits
from api.auth.sliding_window import Window, count
from kit.config import settings
from kit.ids import new_id
from ops.services import directories
from ops.services.valkey import Valkey
from tests import factories
from tests.api.client import Api
from tests.api.shared_app import shared_app

LOGIN = {"email": "ada@customers.example", "password": "wrong"}


@pytest.fixture(scope="module")
def _valkey():
    with directories.temporary("orderx-test-") as home, Valkey(home / "valkey") as server:
        yield server


@pytest.fixture
def valkey(_valkey, monkeypatch):
    """A running Valkey; a test may leave it stopped."""
    monkeypatch.setattr(rate_limits, "_store_retry_at", 0.0)
    if not _valkey.is_running:
        _valkey.start()
    return _valkey


@pytest.fixture
def limited(database, valkey, monkeypatch):
    """The app's HTTP interface under these limits, behind one proxy."""
    shared_app()  # which checks the responses, under the usual settings

    def build(**limits: int) -> Api:
        values = {"RATE_LIMIT_URL": valkey.url, "TRUSTED_PROXIES": 1}
        values |= {f"RATE_LIMIT_{name.upper()}": limit for name, limit in limits.items()}
        for name, value in values.items():
            monkeypatch.setenv(f"ORDERX_{name}", str(value))
        settings.cache_clear()
        return Api(create_app())

    yield build
    settings.cache_clear()


@pytest.fixture
def fresh(limited):
    """An address that nobody has asked from: `fresh()` is the header that names it."""
    return lambda: {"X-Forwarded-For": f"2001:db8:{new_id().hex[-8:-4]}:{new_id().hex[-4:]}::1"}


def as_operator(api):
    return Api(api.app, settings().require("metrics_token"))


def minutes(store):
    seconds, microseconds = store.time()
    return (seconds + microseconds / 1e6) / 60


def statuses(ask, times):
    return [ask().status_code for _ in range(times)]


class TestWindow:
    def key(self, limit=3):
        return Window("test", str(new_id()), limit)

    def test_accepts_its_limit_and_then_returns_the_wait(self, valkey):
        window = self.key()
        taken = [count(valkey.url, [window])[0] for _ in range(4)]
        assert [each.remaining for each in taken] == [2, 1, 0, 0]
        assert [each.wait for each in taken[:3]] == [0, 0, 0]
        assert 0 < taken[3].wait <= 120

    def test_counts_nothing_when_one_is_full(self, valkey):
        full, roomy = self.key(1), self.key()
        count(valkey.url, [full])
        refused = count(valkey.url, [full, roomy])
        assert (refused[0].wait > 0, refused[1].wait) == (True, 0)
        assert count(valkey.url, [roomy])[0].remaining == 2

    @pytest.mark.parametrize("turns_ago", [0, 1, 2])
    def test_weights_the_previous_minute_by_its_overlap(self, valkey, turns_ago):
        window = self.key(9_000_000)
        with contextlib.closing(redis.Redis.from_url(valkey.url)) as store:
            turn = int(minutes(store)) - turns_ago
            store.hset(f"orderx:rate:test:{window.key}", mapping={"turn": turn, "count": 8_000_000})
            asked = minutes(store)
            left = count(valkey.url, [window])[0].remaining
            answered = minutes(store)
        weights = [max(0, min(1, turn + 2 - minute)) for minute in (asked, answered)]
        least, most = (9_000_000 - 8_000_000 * weight for weight in weights)
        assert least - 2 <= left <= most

    def test_expires(self, valkey):
        window = self.key()
        count(valkey.url, [window])
        with contextlib.closing(redis.Redis.from_url(valkey.url)) as store:
            assert 60 < store.ttl(f"orderx:rate:test:{window.key}") <= 120


class TestLimits:
    def test_are_per_user_from_all_addresses(self, limited, fresh):
        api = limited(caller=2)
        ada, bob = (api.acting_as(factories.make_user()) for _ in range(2))
        assert statuses(lambda: ada.get("/api/me", headers=fresh()), 3) == [200, 200, 429]
        assert bob.get("/api/me").status_code == 200

    def test_are_per_api_key(self, limited):
        api, company = limited(caller=2), factories.make_company()
        admin = api.acting_as(factories.make_member(company), company)
        key = admin.post("/api/keys", {"name": "Till", "permissions": ["read_shops"]}).json
        machine = Api(api.app, key["secret"])
        assert statuses(lambda: machine.get("/api/shops"), 3) == [200, 200, 429]
        assert admin.get("/api/me").status_code == 200

    def test_are_per_company(self, limited):
        api, company = limited(company=2), factories.make_company()
        admins = [api.acting_as(factories.make_member(company), company) for _ in range(3)]
        path = f"/api/companies/{company.id}"
        assert [admin.get(path).status_code for admin in admins] == [200, 200, 429]

    @pytest.mark.parametrize(
        ("plan", "setting", "limit"), [("free", 6000, 600), ("free", 60, 60), ("standard", 6000, 3000), ("pro", 90, 90)]
    )
    def test_of_a_company_depend_on_its_plan_and_the_setting(self, limited, plan, setting, limit):
        api, company = limited(company=setting), factories.make_company(plan=plan)
        answer = api.acting_as(factories.make_member(company), company).get("/api/me")
        assert f'"company";q={limit};w=60' in answer.headers["RateLimit-Policy"]

    def test_cache_the_plan(self, limited, monkeypatch):
        api, company = limited(), factories.make_company(plan="free")
        admin = api.acting_as(factories.make_member(company), company)
        path = f"/api/companies/{company.id}/plan"

        def policy():
            return admin.get("/api/me").headers["RateLimit-Policy"].partition('"company";q=')[2]

        monkeypatch.setattr(rate_limits, "PLAN_CACHE_SECONDS", 1e9)
        assert policy() == "600;w=60"
        admin.put(path, {"plan": "standard"})
        assert policy() == "600;w=60"
        monkeypatch.setattr(rate_limits, "PLAN_CACHE_SECONDS", 1e-9)
        assert policy() == "3000;w=60"

    def test_are_per_address_without_a_token(self, limited, fresh):
        api, here = limited(address=2), fresh()
        assert statuses(lambda: api.get("/api/me", headers=here), 3) == [401, 401, 429]
        assert api.get("/nowhere", headers=here).status_code == 429
        assert api.get("/api/me", headers=fresh()).status_code == 401
        assert api.acting_as(factories.make_user()).get("/api/me", headers=here).status_code == 200

    def test_are_per_address_with_an_invalid_token(self, limited, fresh):
        api, forged = limited(address=2), {"Authorization": "Bearer forged", **fresh()}
        assert statuses(lambda: api.get("/api/me", headers=forged), 3) == [401, 401, 429]

    def test_are_stricter_on_auth_paths(self, limited, fresh):
        api, here = limited(auth=2), {"Authorization": "Bearer forged", **fresh()}
        assert statuses(lambda: api.post("/api/auth/login", LOGIN, headers=here), 3) == [401, 401, 429]
        assert api.get("/api/me", headers=here).status_code == 401

    def test_are_per_ipv6_network(self, limited):
        api, network = limited(address=2), f"2001:db8:{new_id().hex[-4:]}:7"
        asked = [api.get("/api/me", headers={"X-Forwarded-For": f"{network}::{host}"}) for host in (1, 2, 3)]
        assert [answer.status_code for answer in asked] == [401, 401, 429]

    @pytest.mark.parametrize("address", ["198.51.100.{}:{}", "[2001:db8:{:x}::1]:{}"])
    def test_ignore_the_port_of_the_address(self, limited, address):
        api, host = limited(address=2), new_id().int % 250
        sent = [{"X-Forwarded-For": address.format(host, port)} for port in (4711, 4712, 4713)]
        assert [api.get("/api/me", headers=headers).status_code for headers in sent] == [401, 401, 429]

    def test_do_not_apply_to_monitoring(self, limited, fresh):
        operator, here = as_operator(limited(address=1)), fresh()
        for path in ("/healthz", "/readyz", "/metrics"):
            assert statuses(lambda path=path: operator.get(path, headers=here), 3) == [200, 200, 200]


class TestResponse:
    def test_shows_the_remaining_requests(self, limited):
        api, company = limited(caller=5, company=9), factories.make_company()
        headers = api.acting_as(factories.make_member(company), company).get("/api/me").headers
        assert headers["RateLimit-Policy"] == '"caller";q=5;w=60, "company";q=9;w=60'
        assert headers["RateLimit"].startswith('"caller";r=4;t=')

    def test_is_a_problem_with_retry_after(self, limited):
        ada = limited(caller=1).acting_as(factories.make_user())
        ada.get("/api/me")
        refused = ada.get("/api/me")
        assert (refused.json["status"], refused.json["code"]) == (429, "rate_limited")
        assert 0 < int(refused.headers["Retry-After"]) <= 120
        assert refused.headers["RateLimit"] == f'"caller";r=0;t={refused.headers["Retry-After"]}'
        assert refused.headers["X-Content-Type-Options"] == "nosniff"

    def test_has_no_headers_without_limits(self, api):
        assert "RateLimit" not in api.get("/api/me").headers


class TestStoreThatIsDown:
    def test_accepts_requests_and_reports_it(self, limited, valkey):
        api = limited(caller=1)
        ada = api.acting_as(factories.make_user())
        assert ada.get("/api/me").status_code == 200
        valkey.kill()
        with contextlib.redirect_stdout(io.StringIO()) as said:
            assert statuses(lambda: ada.get("/api/me"), 20) == [200] * 20
        alarms = [line for line in map(json.loads, said.getvalue().splitlines()) if line["level"] == "error"]
        assert [line["event"] for line in alarms] == ["rate_limit_store_down"]
        assert "orderx_rate_limiter_down 1.0" in as_operator(api).get("/metrics").text
        ready = api.get("/readyz").json
        assert (ready["status"], ready["checks"]["rate_limits"]) == ("degraded", "down")

    def test_limits_again_once_it_is_back(self, limited, valkey, monkeypatch):
        api = limited(caller=1)
        ada = api.acting_as(factories.make_user())
        valkey.kill()
        assert statuses(lambda: ada.get("/api/me"), 3) == [200, 200, 200]
        valkey.start()
        monkeypatch.setattr(rate_limits, "_store_retry_at", 0.0)
        assert statuses(lambda: ada.get("/api/me"), 2) == [200, 429]
        assert "orderx_rate_limiter_down 0.0" in as_operator(api).get("/metrics").text
