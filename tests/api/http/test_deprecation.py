"""Deprecated endpoints carry deprecation headers; others do not."""

from datetime import UTC, datetime

import pytest

from api import app
from api.auth import requirements
from api.http.blueprint import Blueprint
from tests.api.client import Api

SINCE, UNTIL = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 7, 1, 12, 30, tzinfo=UTC)
GUIDE = "https://orderx.example/guide#tariffs"
WARNINGS = {
    "Deprecation": "@1798761600",
    "Sunset": "Thu, 01 Jul 2027 12:30:00 GMT",
    "Link": f'<{GUIDE}>; rel="deprecation"',
}


@pytest.fixture
def api(database, monkeypatch):
    """The app with a blueprint more: an endpoint that will go, also for members alone, and one that stays."""
    monkeypatch.setattr(requirements, "REQUIRED", dict(requirements.REQUIRED))
    tariffs = Blueprint("tariffs", __name__, url_prefix="/api/tariffs", description="Tariffs")

    @tariffs.get("/old")
    @tariffs.requires(requirements.PUBLIC)
    @tariffs.deprecated(since=SINCE, until=UNTIL, link=GUIDE)
    @tariffs.response(200)
    def list_old():
        """List tariffs as they used to be listed."""
        return {}

    @tariffs.get("/closed")
    @tariffs.requires("read_stock")
    @tariffs.response(200)
    @tariffs.deprecated(since=SINCE, until=UNTIL, link=GUIDE)
    def list_closed():
        """List tariffs to members."""
        return {}

    @tariffs.get("/new")
    @tariffs.requires(requirements.PUBLIC)
    @tariffs.response(200)
    def list_new():
        """List tariffs."""
        return {}

    monkeypatch.setattr(app, "BLUEPRINTS", (*app.BLUEPRINTS, tariffs))
    return Api(app.create_app())


def warnings(answer):
    return {name: answer.headers[name] for name in WARNINGS if name in answer.headers}


class TestDeprecated:
    def test_sends_dates_and_link(self, api):
        answer = api.get("/api/tariffs/old")
        assert (answer.status_code, warnings(answer)) == (200, WARNINGS)

    def test_sends_them_with_errors_too(self, api):
        answer = api.get("/api/tariffs/closed")
        assert (answer.status_code, warnings(answer)) == (401, WARNINGS)

    @pytest.mark.parametrize("path", ["/api/tariffs/new", "/api/tariffs/nowhere", "/api/me", "/api/plans"])
    def test_sends_nothing_for_other_endpoints(self, api, path):
        assert warnings(api.get(path)) == {}

    def test_is_in_the_document(self, api):
        paths = api.get("/api/openapi.json").json["paths"]
        marked = [path for path, item in paths.items() for each in item.values() if "deprecated" in each]
        assert marked == ["/api/tariffs/old", "/api/tariffs/closed"]
        assert paths["/api/tariffs/old"]["get"]["deprecated"] is True
        assert paths["/api/tariffs/old"]["get"]["summary"] == "List tariffs as they used to be listed."

    def test_must_be_before_the_sunset(self):
        tariffs = Blueprint("tariffs", __name__)
        with pytest.raises(ValueError, match="not after"):
            tariffs.deprecated(since=UNTIL, until=SINCE, link=GUIDE)
