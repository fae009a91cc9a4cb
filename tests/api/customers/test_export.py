"""A company exports its customers; importing the file changes nothing."""

import csv
import io
import json

import pytest

from domain.customers import exporting
from kit import db
from tests import factories
from tests.jobs import run_to_its_end

ODD = [
    {"name": "=cmd()", "note": "'=1", "tags": ["a|b", "c\\d", "-1"]},
    {"name": 'Ada "Countess", of Lovelace', "email": "ada@customers.example", "phone": "+44 20 7946 0958"},
    {"name": "Zoë", "note": "one\ntwo\n\n'three", "tags": ["+", "@home"], "tax_exempt": True, "locale": "de-AT"},
    {"name": "'", "vat_id": "DE123456789", "accepts_marketing": True},
]


@pytest.fixture
def customers(admin, company):
    """Odd customers, one of them in two groups, and a user."""
    groups = [admin.post("/api/customer-groups", {"name": name}).json["id"] for name in ("b", "=A|1")]
    ids = [admin.post("/api/customers", each).json["id"] for each in ODD]
    admin.put(f"/api/customers/{ids[0]}/groups", {"group_ids": groups})
    ids.append(str(factories.make_customer(company, factories.make_user())))
    return ids


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(exporting, "BATCH_SIZE", 2)


def exported(admin, kind):
    answer = admin.get(f"/api/customers/export?format={kind}")
    assert answer.status_code == 200
    return answer.text


def versions():
    with db.operator_transaction():
        return dict(db.run("SELECT id::text, version FROM customers", {}).fetchall())


class TestExport:
    def test_has_all_customers_of_the_company_and_no_formulas(self, admin, customers, company):
        factories.make_customer(factories.make_company(), factories.make_user())
        rows = list(csv.DictReader(io.StringIO(exported(admin, "csv"))))
        assert [row["id"] for row in rows] == customers
        assert (rows[0]["name"], rows[0]["groups"], rows[1]["phone"]) == ("'=cmd()", "'=A\\|1|b", "'+442079460958")
        formulas = [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]
        assert formulas == []

    def test_is_available_as_json_lines(self, admin, customers):
        rows = [json.loads(line) for line in exported(admin, "jsonl").splitlines()]
        assert [row["id"] for row in rows] == customers
        assert (rows[0]["tags"], rows[0]["groups"], rows[0]["phone"]) == (["a|b", "c\\d", "-1"], ["=A|1", "b"], None)

    @pytest.mark.parametrize("kind", ["csv", "jsonl"])
    def test_changes_nothing_when_it_is_imported(self, admin, customers, kind):
        before = versions()
        content = exported(admin, kind).encode()
        body = {"kind": "customers", "policy": "all_or_nothing", "format": {"kind": kind}}
        location = admin.post("/api/imports", body).headers["Location"]
        admin.put(f"{location}/file", data=content)
        admin.post(f"{location}/start", {})
        run_to_its_end()
        shown = admin.get(location).json
        assert (shown["state"], shown["unchanged"], shown["updated"]) == ("succeeded", len(customers), 0)
        assert versions() == before
