"""Invalid input of every kind: the answer names what is wrong, and nothing is written."""

import gzip
import json
import time
import tracemalloc

import pytest

from api.http.strict_json import MAX_COMMAS
from domain.access.permission_sets import api_key_permissions
from tests import factories
from tests.api.client import Api

REGISTER = "/api/auth/register"
USER = {"email": "ada@customers.example", "name": "Ada", "password": "correct horse battery"}


def send(api, body: bytes, content_type: str = "application/json"):
    return api.request("POST", REGISTER, data=body, content_type=content_type)


MUCH_WORK = 2.0
"""Seconds of a processor: what is refused for its size costs a fraction of it, and cost ten or twenty."""


@pytest.fixture
def spends_little(admin):
    """Fails when the test itself has used the processor for long, however busy the machine is."""
    began = time.thread_time()
    yield
    assert time.thread_time() - began < MUCH_WORK


@pytest.fixture
def admin(api) -> Api:
    company = factories.make_company()
    return api.acting_as(factories.make_member(company), company)


def fields_of(answer) -> list[str]:
    assert answer.status_code == 422
    return [error["path"] for error in answer.json["errors"]]


class TestBody:
    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"{'a': 1}",
            b"\xff\xfe",
            b"NaN",
            b'{"name": Infinity}',
            b"[" * 100_000,
            b'{"name": ' + b"9" * 5000 + b"}",
        ],
    )
    def test_is_refused_when_it_is_not_json(self, api, body):
        answer = send(api, body)
        assert (answer.status_code, answer.json["code"]) == (400, "bad_request")

    @pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b"true"])
    def test_is_refused_when_it_is_not_an_object(self, api, body):
        assert send(api, body).status_code == 422

    def test_is_refused_when_it_is_not_sent_as_json(self, api):
        answer = send(api, json.dumps(USER).encode(), "text/plain")
        assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")

    def test_names_every_field_when_it_is_empty(self, api):
        assert fields_of(send(api, b"")) == ["email", "name", "password"]

    def test_is_refused_when_it_has_ten_megabytes(self, api):
        answer = send(api, json.dumps({**USER, "name": "x" * 10_000_000}).encode())
        assert (answer.status_code, answer.json["code"]) == (413, "request_entity_too_large")

    @pytest.mark.parametrize(
        "body",
        [
            b"{" + b",".join(b'"%d":1' % number for number in range(75_000)) + b"}",
            b'{"name": [' + b",".join([b'{"x":1}'] * 75_000) + b"]}",
            b'{"name": "\\u0041", "x": [' + b"1," * 400_000 + b"1]}",
            b'{"x": [' + b"1.0," * 200_000 + b"1]}",
        ],
        ids=["keys", "objects", "escapes", "numbers"],
    )
    def test_is_refused_unparsed_when_it_has_too_many_values(self, api, body):
        answer = send(api, body)
        assert (answer.status_code, answer.json["code"]) == (413, "request_entity_too_large")
        assert f"more than {MAX_COMMAS} values" in answer.json["detail"]

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            (b'{"name": "Ada", "name": "Ada"}', "name"),
            (b'{"a": {"b": 1, "c": 2, "b": 3}}', "b"),
            (b'{"a": [{"b": {"c": 1}}, {"b": 1, "\\u0062": 1}]}', "b"),
            (b'{"4242424242424242": 1, "4242424242424242": 1}', "################"),
        ],
    )
    def test_cannot_have_a_duplicate_key_at_any_depth(self, api, body, path):
        answer = send(api, body)
        assert (answer.status_code, answer.json["code"]) == (400, "duplicate_name")
        assert answer.json["errors"] == [{"path": path, "message": "Send it once."}]

    def test_can_start_with_a_byte_order_mark(self, api):
        assert send(api, b"\xef\xbb\xbf" + json.dumps(USER).encode()).status_code == 202
        assert send(api, b"\xef\xbb\xbf" * 2 + json.dumps(USER).encode()).status_code == 400

    @pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "x-gzip", "gzip, identity"])
    def test_cannot_be_compressed(self, api, coding):
        body = gzip.compress(json.dumps(USER).encode())
        headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
        answer = api.request("POST", REGISTER, data=body, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (415, "unsupported_media_type")
        assert answer.json["detail"] == "Send the body uncompressed, without Content-Encoding."
        assert answer.headers["Accept-Encoding"] == "identity"

    def test_can_have_the_identity_encoding(self, api):
        headers = {"Content-Encoding": "Identity"}
        assert api.post(REGISTER, USER, headers=headers).status_code == 202

    def test_cannot_have_unknown_fields(self, api):
        assert fields_of(api.post(REGISTER, {**USER, "admin": True})) == ["admin"]

    def test_lists_at_most_fifty_errors(self, api):
        assert len(fields_of(api.post(REGISTER, {f"field{n}": n for n in range(1000)}))) == 50

    @pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
    def test_cannot_have_text_that_postgresql_cannot_store(self, api, name):
        assert fields_of(send(api, json.dumps({**USER, "name": name}).encode())) == ["name"]

    @pytest.mark.parametrize(
        "name", [7, True, None, [], {}, ["Ada"], "", "   ", "x" * 201, "x" + " " * 200, "Ada\r\nBcc: all", "Ada\x7f"]
    )
    def test_is_refused_for_an_invisible_name(self, api, name):
        assert fields_of(api.post(REGISTER, {**USER, "name": name})) == ["name"]

    def test_is_checked_for_unstorable_text_in_linear_memory(self, api):
        body = b'{"%s": [%s"\\u0000"]}' % (b"x" * 100_000, b"1," * 4000)
        tracemalloc.start()
        try:
            assert len(fields_of(send(api, body))) == 1
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize("between", ["", " ", ".", "_", "/", "\N{NO-BREAK SPACE}", " - ", "x"])
    @pytest.mark.parametrize("zero", "0\N{ARABIC-INDIC DIGIT ZERO}\N{CIRCLED DIGIT ZERO}")
    def test_with_a_card_number_as_field_name_is_not_repeated(self, api, between, zero):
        name = between.join("4040404040404040").replace("0", zero)
        fields = fields_of(api.post(REGISTER, {**USER, name: 1, "line2": 2}))
        assert sorted(fields) == sorted([between.join("################"), "line2"])

    def test_is_never_repeated_in_the_response(self, api):
        secret = "4242424242424242"
        body = {"email": secret, "name": [secret], "password": {"number": secret}}
        assert secret not in api.post(REGISTER, body).text

    def test_can_contain_any_other_text(self, api):
        name = "Łukasz 🦉 O'Brien; DROP TABLE users --"
        api.post(REGISTER, {**USER, "name": name})
        login = api.post("/api/auth/login", {"email": USER["email"], "password": USER["password"]}).json
        assert api.get("/api/me", headers={"Authorization": f"Bearer {login['access_token']}"}).json["name"] == name


class TestPrice:
    @pytest.fixture
    def sell(self, api):
        company = factories.make_company()
        shop = factories.make_shop(company)
        admin = api.acting_as(factories.make_member(company), company)
        product = {"shop_id": str(shop.id), "sku": "A5", "name": "Notebook", "price": None}
        return lambda price: admin.post("/api/products", {**product, "price": price})

    @pytest.mark.parametrize("amount", [-1, 1.5, "1", True, None, 10**30, 100_000_000, 1e308])
    def test_is_refused_unless_its_amount_is_in_minor_units(self, sell, amount):
        assert fields_of(sell({"amount": amount, "currency": "EUR"})) == ["price.amount"]

    def test_can_be_any_whole_json_number(self, sell):
        assert sell({"amount": 20.0, "currency": "EUR"}).json["price"]["amount"] == 20

    @pytest.mark.parametrize("currency", ["eur", "EURO", "", 978, None, "USD", "BGN"])
    def test_is_refused_in_another_currency_than_the_companys(self, sell, currency):
        assert fields_of(sell({"amount": 1, "currency": currency})) == ["price.currency"]


class TestCompanyCurrency:
    @pytest.mark.parametrize("currency", ["BGN", "DEM", "XXX", "eur"])
    def test_is_one_in_use(self, api, currency):
        body = {"name": "Pens", "email": "pens@paper.example", "currency": currency}
        assert fields_of(api.acting_as(factories.make_user()).post("/api/companies", body)) == ["currency"]

    def test_that_was_withdrawn_can_still_be_read(self, api):
        company = factories.make_company(currency="BGN")
        product = factories.make_product(factories.make_shop(company), currency="BGN")
        admin = api.acting_as(factories.make_member(company), company)
        assert admin.get(f"/api/companies/{company.id}").json["currency"] == "BGN"
        assert admin.get(f"/api/products/{product.id}").json["price"] == {"amount": 1999, "currency": "BGN"}


class TestCountry:
    @pytest.mark.parametrize("country", ["ZZ", "XK", "EU", "UK", "AA", "de", "DEU", "D", "", None, "D\n"])
    def test_is_one_of_iso_3166(self, api, country):
        address = {"name": "Ada", "line1": "1 Harbour Street", "city": "Berlin", "country": country}
        answer = api.acting_as(factories.make_user()).post("/api/me/addresses", {"label": "Home", "address": address})
        assert fields_of(answer) == ["address.country"]


@pytest.mark.usefixtures("spends_little")
class TestSize:
    """What is too long is refused before anybody looks at what is in it."""

    def test_of_a_web_address_is_bounded(self, admin):
        company = admin.get("/api/companies").json["data"][0]["id"]
        address = "https://" + "4-" * 500_000
        assert fields_of(admin.patch(f"/api/companies/{company}", {"branding": {"logo_url": address}})) == [
            "branding.logo_url"
        ]

    @pytest.mark.parametrize(
        ("path", "name", "entry", "message"),
        [
            ("/api/orders", "lines", {}, "Length must be between 1 and 100."),
            ("/api/keys", "permissions", 1, f"Length must be between 1 and {len(api_key_permissions())}."),
            ("/api/operations/incidents/retry", "ids", 1, "Length must be between 1 and 500."),
            ("/api/shops/{shop}/locations", "exceptions", {}, "Longer than maximum length 100."),
        ],
    )
    def test_of_a_list_is_bounded(self, admin, path, name, entry, message):
        if "{shop}" in path:
            path = path.format(shop=admin.post("/api/shops", {"name": "Harbour"}).json["id"])
        answer = admin.post(path, {name: [entry] * 4000})
        assert {"path": name, "message": message} in answer.json["errors"]


class TestIds:
    @pytest.mark.parametrize("bad", ["1", "x" * 36, "01a1f9fb-f07c-7766-bd40-d664d485d37", "%00", "..%2f"])
    def test_are_not_found_in_a_path_when_malformed(self, api, bad):
        answer = api.acting_as(factories.make_user()).get(f"/api/shops/{bad}")
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")

    def test_are_refused_in_a_body_when_malformed(self, api):
        body = {"email": "ada@customers.example", "password": "x", "company_id": "1"}
        assert fields_of(api.post("/api/auth/login", body)) == ["company_id"]


class TestQuery:
    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=1_0", "limit"),
            ("limit=%2B10", "limit"),
            ("limit=%2010", "limit"),
            ("limit=10%0a", "limit"),
            ("limit=%EF%BC%91%EF%BC%90", "limit"),
            ("limit=%D9%A1", "limit"),
            ("limit=1.0", "limit"),
            ("limit=", "limit"),
            ("limit=many", "limit"),
            ("limit=" + "9" * 5000, "limit"),
            ("after=1", "after"),
            ("after=%00", "after"),
            ("colour=red", "colour"),
        ],
    )
    def test_names_the_wrong_parameter(self, api, query, field):
        user = api.acting_as(factories.make_user())
        assert fields_of(user.get(f"/api/companies?{query}")) == [field]

    @pytest.mark.parametrize(
        "query", ["limit=1&limit=2", "limit=1&limit=1", "after=&limit=1&after=", "colour=1&colour=2"]
    )
    def test_cannot_have_a_duplicate_parameter(self, api, query):
        answer = api.acting_as(factories.make_user()).get(f"/api/companies?{query}")
        assert (answer.status_code, answer.json["code"]) == (400, "duplicate_name")
        assert answer.json["errors"] == [{"path": query.partition("=")[0], "message": "Send it once."}]
