"""Security headers and CORS."""

import base64
import hashlib
import re

import pytest

from api.app import create_app
from kit.config import settings
from kit.errors import NotConfigured
from tests import factories
from tests.api.client import Api
from tests.api.shared_app import shared_app

SHOP = "https://shop.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


@pytest.fixture
def with_settings(database, monkeypatch):
    """The app's HTTP interface under these settings."""
    shared_app()  # which checks the responses, under the usual settings

    def build(**values: str) -> Api:
        for name, value in values.items():
            monkeypatch.setenv(f"ORDERX_{name.upper()}", value)
        settings.cache_clear()
        return Api(create_app())

    yield build
    settings.cache_clear()


class TestHeaders:
    @pytest.mark.parametrize("path", ["/api/me", "/nowhere", "/healthz", "/api/openapi.json"])
    def test_forbid_frames_sniffing_and_referrers(self, api, path):
        headers = api.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]

    def test_forbid_caching_responses_to_tokens(self, api):
        assert api.acting_as(factories.make_user()).get("/api/me").headers["Cache-Control"] in (
            "no-store", "private, no-cache",
        )  # fmt: skip
        assert api.get("/api/me").headers["Cache-Control"] == "no-store"

    def test_require_tls_on_a_public_https_url(self, with_settings):
        assert "Strict-Transport-Security" in with_settings().get("/healthz").headers
        plain = with_settings(public_url="http://127.0.0.1:8000")
        assert "Strict-Transport-Security" not in plain.get("/healthz").headers

    def test_allow_only_the_scripts_of_swagger_ui(self, api):
        page = api.get("/api/docs")
        policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
        (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert policy["script-src"] == f"'self' 'sha256-{digest}'"
        assert not re.search(r"\son\w+=", page.text)
        assert policy["connect-src"] == "'self'"

    def test_keep_the_policy_of_the_link_page(self, api):
        policy = api.get("/api/auth/links/verify-email").headers["Content-Security-Policy"]
        assert policy.count("sha256-") == 2


class TestCors:
    @pytest.fixture
    def api(self, with_settings):
        return with_settings(cors_origins=f"{SHOP},http://localhost:3000")

    @pytest.mark.parametrize("path", ["/api/orders", "/api/me", "/.well-known/jwks.json"])
    @pytest.mark.parametrize("origin", [SHOP, "http://localhost:3000"])
    def test_allows_a_configured_origin_to_send_a_token(self, api, path, origin):
        answer = api.request("OPTIONS", path, headers={"Origin": origin, **PREFLIGHT})
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        assert {"authorization", "content-type"} <= set(
            answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
        )

    def test_allows_it_to_read_responses_and_problems(self, api):
        answer = api.get("/api/me", headers={"Origin": SHOP})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (401, SHOP)
        assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]
        assert "Origin" in answer.headers["Vary"]

    @pytest.mark.parametrize("origin", [{}, {"Origin": SHOP}, {"Origin": "https://evil.example"}])
    def test_varies_by_origin(self, api, origin):
        for method in ("GET", "OPTIONS"):
            for path in ("/api/me", "/api/openapi.json", "/.well-known/jwks.json", "/api/nothing-here"):
                assert api.request(method, path, headers=origin).headers["Vary"] == "Origin"

    @pytest.mark.parametrize("headers", [{}, PREFLIGHT])
    def test_never_accepts_cookies(self, api, headers):
        method = "OPTIONS" if headers else "GET"
        answer = api.request(method, "/api/me", headers={"Origin": SHOP, "Cookie": "a=b", **headers})
        assert "Access-Control-Allow-Credentials" not in answer.headers

    @pytest.mark.parametrize(
        "origin",
        ["https://evil.example", "https://shop.example.evil.example", "https://shopxexample", "null", f"{SHOP}:8443"],
    )
    def test_refuses_other_origins(self, api, origin):
        for method in ("GET", "OPTIONS"):
            answer = api.request(method, "/api/me", headers={"Origin": origin, **PREFLIGHT})
            assert "Access-Control-Allow-Origin" not in answer.headers

    def test_covers_only_the_api(self, api):
        assert "Access-Control-Allow-Origin" not in api.get("/metrics", headers={"Origin": SHOP}).headers

    def test_refuses_all_origins_by_default(self, with_settings):
        for api in (with_settings(), with_settings(cors_origins="")):
            answer = api.request("OPTIONS", "/api/me", headers={"Origin": SHOP, **PREFLIGHT})
            assert "Access-Control-Allow-Origin" not in answer.headers

    @pytest.mark.parametrize(
        "origins", ["*", "shop.example", f"{SHOP}/", f"{SHOP}, {SHOP}", "null", "https://*.example"]
    )
    def test_refuses_malformed_origins_in_the_setting(self, with_settings, origins):
        with pytest.raises(NotConfigured, match="ORDERX_CORS_ORIGINS"):
            with_settings(cors_origins=origins)
