"""Deprecated endpoints carry deprecation headers; others do not."""

from datetime import UTC, datetime

import pytest

from api import app
from api.auth import requirements
from api.http.blueprint import Blueprint
from tests.api.client import Api

SINCE, UNTIL = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 7, 1, 12, 30, tzinfo=UTC)
GUIDE = "https://orderx.example/guide#prices"
WARNINGS = {
    "Deprecation": "@1798761600",
    "Sunset": "Thu, 01 Jul 2027 12:30:00 GMT",
    "Link": f'<{GUIDE}>; rel="deprecation"',
}


@pytest.fixture
def api(database, monkeypatch):
    """The app with a blueprint more: an endpoint that will go, also for members alone, and one that stays."""
    monkeypatch.setattr(requirements, "REQUIRED", dict(requirements.REQUIRED))
    prices = Blueprint("prices", __name__, url_prefix="/api/prices", description="Prices")

    @prices.get("/old")
    @prices.requires(requirements.PUBLIC)
    @prices.deprecated(since=SINCE, until=UNTIL, link=GUIDE)
    @prices.response(200)
    def list_old():
        """List prices as they used to be listed."""
        return {}

    @prices.get("/closed")
    @prices.requires("read_stock")
    @prices.response(200)
    @prices.deprecated(since=SINCE, until=UNTIL, link=GUIDE)
    def list_closed():
        """List prices to members."""
        return {}

    @prices.get("/new")
    @prices.requires(requirements.PUBLIC)
    @prices.response(200)
    def list_new():
        """List prices."""
        return {}

    monkeypatch.setattr(app, "BLUEPRINTS", (*app.BLUEPRINTS, prices))
    return Api(app.create_app())


def warnings(answer):
    return {name: answer.headers[name] for name in WARNINGS if name in answer.headers}


class TestDeprecated:
    def test_sends_dates_and_link(self, api):
        answer = api.get("/api/prices/old")
        assert (answer.status_code, warnings(answer)) == (200, WARNINGS)

    def test_sends_them_with_errors_too(self, api):
        answer = api.get("/api/prices/closed")
        assert (answer.status_code, warnings(answer)) == (401, WARNINGS)

    @pytest.mark.parametrize("path", ["/api/prices/new", "/api/prices/nowhere", "/api/me", "/api/plans"])
    def test_sends_nothing_for_other_endpoints(self, api, path):
        assert warnings(api.get(path)) == {}

    def test_is_in_the_document(self, api):
        paths = api.get("/api/openapi.json").json["paths"]
        marked = [path for path, item in paths.items() for each in item.values() if "deprecated" in each]
        assert marked == ["/api/prices/old", "/api/prices/closed"]
        assert paths["/api/prices/old"]["get"]["deprecated"] is True
        assert paths["/api/prices/old"]["get"]["summary"] == "List prices as they used to be listed."

    def test_must_be_before_the_sunset(self):
        prices = Blueprint("prices", __name__)
        with pytest.raises(ValueError, match="not after"):
            prices.deprecated(since=UNTIL, until=SINCE, link=GUIDE)
