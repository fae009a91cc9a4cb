"""Check answers against the OpenAPI document: status, error code and body."""

from functools import cache
from typing import Any

import jsonschema_rs
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from tests.api.shared_app import shared_app


def assert_documented(app: Flask, answer: TestResponse) -> None:
    """Raise AssertionError if an answer of a documented operation differs from the document."""
    operation = operations().get(_operation_id(app, answer))
    if operation is None or answer.status_code >= 500:
        return
    where = f"{answer.status_code} of {operation['operationId']}"
    described = operation["responses"].get(str(answer.status_code))
    assert described is not None, f"{where} is not documented"
    media = described.get("content", {}).get(answer.mimetype)
    if answer.status_code == 403:
        assert answer.json["code"] in refusals(operation["operationId"]), (
            f"{where} does not document {answer.json['code']}"
        )
    if media and answer.mimetype.endswith("json"):
        violations = [
            f"{violation.instance_path}: {violation.message}"
            for violation in _validator(media["schema"]["$ref"]).iter_errors(answer.json)
        ]
        assert violations == [], f"{where} differs from the document"


def _operation_id(app: Flask, answer: TestResponse) -> str | None:
    if answer.request.method == "OPTIONS" or "//" in answer.request.environ["PATH_INFO"]:  # werkzeug takes it for /
        return None
    try:
        endpoint, _ = app.url_map.bind("").match(answer.request.path, answer.request.method)
    except HTTPException:
        return None
    return endpoint.partition(".")[2]


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document, as served to clients."""
    return shared_app().test_client().get("/api/openapi.json").json


@cache
def operations() -> dict[str, dict[str, Any]]:
    """The document's operations by operationId, with references to shared responses resolved."""
    shared = document()["components"]["responses"]
    found = {}
    for item in document()["paths"].values():
        for name, operation in item.items():
            if name != "parameters":
                responses = {
                    status: shared[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
                    for status, each in operation["responses"].items()
                }
                found[operation["operationId"]] = {**operation, "responses": responses}
    return found


def refusals(name: str) -> set[str]:
    """The documented error codes of an operation's 403 responses."""
    refused = operations()[name]["responses"].get("403", {"content": {}})
    return {code for media in refused["content"].values() for code in media["examples"]}


@cache
def _validator(reference: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {"components": document()["components"], "$ref": reference}, validate_formats=True
    )
