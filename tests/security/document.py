"""The OpenAPI document as a source of requests, good and bad, and as the judge of answers."""

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


def document_of(app: Flask) -> schemathesis.BaseSchema:
    """The app's OpenAPI document, to make requests from."""
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    # NUL is for test_bad_input.py, and a token that is none for test_tokens.py.
    schema.config.generation.update(allow_x00=False, with_security_parameters=False)
    return schema


def settled(value: Any, ids: dict[str, str]) -> Any:
    """The same with the ids of what there is in place of those that were made up; what is no id stays."""
    if isinstance(value, dict):
        return {name: ids.get(name, each) if is_id(each) else settled(each, ids) for name, each in value.items()}
    return [settled(each, ids) for each in value] if isinstance(value, list) else value


def is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False
