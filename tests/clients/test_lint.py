"""Linters find no errors in the OpenAPI document."""

import json

from tests.clients.conftest import finished


def test_spectral_finds_nothing(node_modules, document, tmp_path):
    rules = tmp_path / "rules.json"
    rules.write_text('{"extends": ["spectral:oas"]}')
    finished([node_modules / ".bin/spectral", "lint", document, "--ruleset", rules, "--fail-severity", "hint"])


def test_redocly_finds_nothing(node_modules, document, tmp_path):
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    found = finished([node_modules / ".bin/redocly", "lint", document, "--format", "json"], cwd=tmp_path, **quiet)
    assert json.loads(found)["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}
