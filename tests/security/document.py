"""Requests generated from the OpenAPI document, valid and invalid, and checks of the answers against it."""

from functools import cache
from typing import Any
from uuid import UUID

import schemathesis
from flask import Flask
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks

load_all_checks()
AS_DOCUMENTED = CHECKS.get_by_names([
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection",
])  # fmt: skip

schemathesis.openapi.format("email", st.from_regex(r"[a-z0-9]{1,20}@[a-z0-9]{1,20}\.example", fullmatch=True))


@cache
def document_of(app: Flask) -> schemathesis.BaseSchema:
    """The app's OpenAPI document, as a source of requests."""
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    # test_bad_input.py covers NUL, test_tokens.py invalid tokens.
    schema.config.generation.update(allow_x00=False, with_security_parameters=False)
    return schema


def with_existing_ids(value: Any, ids: dict[str, str]) -> Any:
    """The value with generated ids replaced by existing ones of the same name."""
    if isinstance(value, dict):
        return {
            name: ids.get(name, each) if is_id(each) else with_existing_ids(each, ids) for name, each in value.items()
        }
    return [with_existing_ids(each, ids) for each in value] if isinstance(value, list) else value


def is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False
