"""The OpenAPI document and its Swagger UI."""

import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.http.openapi import LINKS


@pytest.fixture
def document(api):
    return api.get("/api/openapi.json").json


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield f"{method} {path}", operation


class TestDocument:
    def test_is_openapi_3_1(self, document):
        assert document["openapi"].startswith("3.1")
        OpenAPIV31SpecValidator(document).validate()

    def test_has_a_summary_and_a_tag_on_every_operation(self, document):
        assert [name for name, operation in operations(document) if not operation.get("summary")] == []
        assert [name for name, operation in operations(document) if not operation.get("tags")] == []

    def test_has_problems_on_every_operation(self, document):
        without = [
            name
            for name, operation in operations(document)
            if not any(code.startswith(("4", "5")) for code in operation["responses"])
        ]
        assert without == []
        for response in document["components"]["responses"].values():
            assert list(response["content"]) == ["application/problem+json"]

    def test_gives_every_operation_a_unique_id(self, document):
        ids = [operation["operationId"] for _, operation in operations(document)]
        assert sorted(ids) == sorted(set(ids))

    def test_has_examples_in_every_request(self, document):
        schemas = document["components"]["schemas"]
        bodies = {
            name: media["schema"]
            for name, operation in operations(document)
            for media in operation.get("requestBody", {}).get("content", {}).values()
        }
        assert [name for name, schema in bodies.items() if not has_example(schema, schemas)] == []

    def test_limits_every_list_in_requests(self, document):
        schemas = document["components"]["schemas"]
        bodies = [operation["requestBody"] for _, operation in operations(document) if "requestBody" in operation]
        lists = [each for body in bodies for each in lists_in(body, schemas)]
        assert lists
        assert [each for each in lists if "maxItems" not in each] == []

    @pytest.mark.parametrize("name", ["ProfileChange", "NewCompany", "CompanyChange"])
    def test_has_a_pattern_for_language_tags(self, document, name):
        locale = document["components"]["schemas"][name]["properties"]["locale"]
        assert locale["maxLength"] == 35
        assert re.search(locale["pattern"], "zh-Hant-TW")
        assert not re.search(locale["pattern"], "de-DE;q=1")

    def test_links_created_resources_to_operations_on_them(self, document):
        taken = {
            operation["operationId"]: {each["name"] for each in document["paths"][path].get("parameters", [])}
            for path in document["paths"]
            for name, operation in operations(document)
            if name.endswith(f" {path}")
        }
        links = [
            link
            for _, operation in operations(document)
            for response in operation["responses"].values()
            for link in response.get("links", {}).values()
        ]
        assert len(links) > len(LINKS)
        assert [link for link in links if not link["parameters"].keys() <= taken[link["operationId"]]] == []

    def test_shows_which_operations_need_a_token(self, document):
        by_name = dict(operations(document))
        assert by_name["post /api/auth/login"]["security"] == []
        assert by_name["get /api/me"]["security"] == [{"bearer": []}]


class TestSwaggerUi:
    def test_loads_only_local_files(self, api):
        page = api.get("/api/docs").text
        assets = re.findall(r'(?:src|href)="([^"]+)"', page)
        assert len(assets) == 3
        assert all(path.startswith("/api/docs/assets/") for path in assets)
        assert [path for path in assets if api.get(path).status_code != 200] == []

    def test_does_not_send_the_document_to_a_validator(self, api):
        assert '"validatorUrl": null' in api.get("/api/docs").text

    @pytest.mark.parametrize("path", ["../__init__.py", "%2e%2e/__init__.py", "nothing.js"])
    def test_serves_only_its_own_files(self, api, path):
        assert api.get(f"/api/docs/assets/{path}").status_code == 404


def has_example(schema, schemas) -> bool:
    schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return "examples" in schema or any(has_example(each, schemas) for each in inner)


def lists_in(document, schemas):
    """Every list in a part of the document, and in what it refers to."""
    if isinstance(document, dict):
        if document.get("type") == "array":
            yield document
        if "$ref" in document:
            yield from lists_in(schemas[document["$ref"].rpartition("/")[2]], schemas)
        for inner in document.values():
            yield from lists_in(inner, schemas)
