"""Companies import customers: uploaded in parts, checked, and written in the background."""

import csv
import io
import signal

import pytest

from domain.imports import applying, staging
from kit import db
from kit.jobs import slices
from tests import factories
from tests.api.client import Api
from tests.forked import run_forked
from tests.jobs import next_slice, run_to_its_end, work

IMPORTS = "/api/imports"


def upload(admin, content, *, size=None, **options):
    """Create an import and upload its file in parts of `size` bytes; returns its address."""
    body = {"kind": "customers", "policy": "good_rows", **options}
    created = admin.post(IMPORTS, body)
    assert created.status_code == 201, created.json
    location = created.headers["Location"]
    content = content.encode() if isinstance(content, str) else content
    for number, at in enumerate(range(0, len(content), size or len(content))):
        part = content[at : at + (size or len(content))]
        assert admin.put(f"{location}/file?part={number}", data=part).status_code == 204
    return location


def run(admin, content, **options):
    """Import the file to its end; returns what the API shows then."""
    location = upload(admin, content, **options)
    assert admin.post(f"{location}/start", {}).status_code == 202
    run_to_its_end()
    return admin.get(location).json


def counts(shown):
    return tuple(shown[name] for name in ("created", "updated", "unchanged", "failed"))


def errors(admin, shown):
    answer = admin.get(shown["errors"])
    assert answer.headers["Content-Type"].startswith("text/csv")
    return [(int(row["line"]), row["column"], row["problem"]) for row in csv.DictReader(io.StringIO(answer.text))]


def customers(admin):
    return {each["email"]: each for each in admin.get("/api/customers").json["data"]}


def rows_left():
    with db.operator_transaction():
        return [db.run(f"SELECT count(*) FROM {table}", {}).fetchone()[0] for table in ("import_rows", "import_parts")]


class TestImport:
    def test_creates_and_updates_by_email_and_leaves_the_rest_unchanged(self, admin):
        ada = admin.post("/api/customers", {"name": "Ada", "email": "ada@customers.example", "tags": ["press"]}).json
        admin.post("/api/customers", {"name": "Max", "email": "max@customers.example"})
        wholesale = admin.post("/api/customer-groups", {"name": "Wholesale"}).json["id"]
        shown = run(
            admin,
            "email,name,phone,groups,accepts_marketing\n"
            "Ada@customers.example,Countess,+44 20 7946 0958,Wholesale,true\n"
            "max@customers.example,Max,,,false\n"
            "eve@customers.example,Eve,'+442079460958,,\n",
        )
        assert (shown["state"], counts(shown), shown["rows"]) == ("succeeded", (1, 1, 1, 0), 3)
        found = customers(admin)
        changed = admin.get(f"/api/customers/{ada['id']}").json
        assert (changed["name"], changed["phone"], changed["tags"]) == ("Countess", "+442079460958", ["press"])
        assert (changed["group_ids"], changed["accepts_marketing"], changed["version"]) == ([wholesale], True, 2)
        assert changed["marketing_decided_at"]
        assert (found["eve@customers.example"]["name"], found["max@customers.example"]["version"]) == ("Eve", 1)
        assert rows_left() == [0, 0]

    def test_names_every_wrong_row_and_writes_the_good_ones(self, admin):
        admin.post("/api/customers", {"name": "Eve", "email": "eve@customers.example"})
        shown = run(
            admin,
            "id,email,name,phone,tags\n"
            ",ada@customers.example,Ada,,\n"
            ",nobody,Nobody,12,\n"
            ",ada@customers.example,Ada again,,\n"
            ",,Anonymous,,\n"
            "01a1f9fb-f07c-7766-bd40-d664d485d37e,x@customers.example,X,,\n"
            "1,y@customers.example,Y,,\n"
            ",z@customers.example,,,\n"
            ",short@customers.example\n"
            ",card@customers.example,Card,,4242 4242 4242 4242\n"
            ",max@customers.example,Max,,a|b\n",
        )
        assert (shown["state"], counts(shown)) == ("succeeded", (2, 0, 0, 8))
        assert errors(admin, shown) == [
            (3, "email", "This is not a mail address."),
            (3, "phone", "This is not a phone number. Start with + and the country code."),
            (4, "", "Line 2 is about the same, and must not be repeated here."),
            (5, "", "Fill in one of the columns id, email."),
            (6, "id", "You have no customer with this id. Leave it empty for a new one."),
            (7, "id", "This is not an id: leave the cell empty, or copy the id from an export."),
            (8, "name", "Fill in the name."),
            (9, "", "The line has 2 cells, and the first line of the file 5."),
            (10, "tags", "This looks like a card number. Send card numbers in payment.card only."),
        ]
        assert set(customers(admin)) == {
            "ada@customers.example", "eve@customers.example", "max@customers.example"
        }  # fmt: skip

    def test_maps_columns_and_reads_the_declared_format(self, admin):
        content = "E-Mail;Kundenname;Nummer\njürgen@kunden.example;Jürgen;7\n".replace("ü", "u", 1)
        shown = run(
            admin, content.encode("windows-1252"), format={"encoding": "windows-1252", "delimiter": ";"},
            columns={"E-Mail": "email", "Kundenname": "name", "Nummer": None},
        )  # fmt: skip
        assert (shown["state"], counts(shown)) == ("succeeded", (1, 0, 0, 0))
        assert customers(admin)["jurgen@kunden.example"]["name"] == "Jürgen"

    def test_reads_json_lines(self, admin):
        shown = run(
            admin,
            '{"email": "ada@customers.example", "name": "Ada", "tags": ["a|b"], "tax_exempt": true}\n'
            '{"email": "eve@customers.example", "name": "Eve", "age": 7}\n',
            format={"kind": "jsonl"},
        )
        assert counts(shown) == (1, 0, 0, 1)
        assert errors(admin, shown)[0][:2] == (2, "")
        ada = customers(admin)["ada@customers.example"]
        assert (ada["tags"], ada["tax_exempt"]) == (["a|b"], True)

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            ("email;name\n", "Line 1: The columns are separated by ';': declare it as the delimiter."),
            ("email,nmae\n", "Line 1: There is no column 'nmae': map it to one"),
            ("name\n", "Line 1: The file needs one of the columns id, email."),
            ('email,name\n"a@b.example,Ada\n', "Line 2: A quotation mark that begins here is not closed."),
        ],
    )
    def test_refuses_a_file_that_cannot_be_read_and_writes_nothing(self, admin, content, problem):
        shown = run(admin, content)
        assert shown["state"] == "refused"
        assert shown["problem"].startswith(problem)
        assert (customers(admin), rows_left()) == ({}, [0, 0])


class TestDryRun:
    @pytest.mark.parametrize("policy", ["good_rows", "all_or_nothing"])
    def test_counts_and_writes_nothing(self, admin, policy):
        admin.post("/api/customers", {"name": "Ada", "email": "ada@customers.example"})
        content = "email,name\nada@customers.example,Countess\neve@customers.example,Eve\n"
        shown = run(admin, content, dry_run=True, policy=policy)
        assert (shown["state"], counts(shown)) == ("succeeded", (1, 1, 0, 0))
        assert [each["name"] for each in customers(admin).values()] == ["Ada"]


class TestAllOrNothing:
    def test_writes_nothing_when_a_row_is_wrong(self, admin):
        shown = run(admin, "email,name\nada@customers.example,Ada\nnobody,Eve\n", policy="all_or_nothing")
        assert (shown["state"], counts(shown)) == ("refused", (1, 0, 0, 1))
        assert shown["problem"] == "Some rows are wrong, so nothing was written: see the errors."
        assert errors(admin, shown) == [(3, "email", "This is not a mail address.")]
        assert customers(admin) == {}

    def test_writes_all_rows_in_one_transaction(self, admin, monkeypatch):
        monkeypatch.setattr(applying, "ROWS_PER_CALL", 1)
        content = "email,name\nada@customers.example,Ada\neve@customers.example,Eve\n"
        shown = run(admin, content, policy="all_or_nothing")
        assert (shown["state"], counts(shown)) == ("succeeded", (2, 0, 0, 0))
        with db.operator_transaction():
            transactions = set(db.run("SELECT xmin::text FROM customers", {}))
        assert len(transactions) == 1

    def test_writes_nothing_when_data_have_changed_since_the_check(self, admin, company, monkeypatch):
        monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)
        monkeypatch.setattr(applying, "ROWS_PER_CALL", 1)
        group = admin.post("/api/customer-groups", {"name": "Wholesale"}).json["id"]
        content = "email,name,groups\nada@customers.example,Ada,\neve@customers.example,Eve,Wholesale\n"
        location = upload(admin, content, policy="all_or_nothing")
        admin.post(f"{location}/start", {})
        for _ in range(4):  # reads, checks both rows, and goes on to write
            work(next_slice())
        assert admin.delete(f"/api/customer-groups/{group}").status_code == 204
        run_to_its_end()
        shown = admin.get(location).json
        assert (shown["state"], shown["failed"], customers(admin)) == ("refused", 1, {})
        assert errors(admin, shown) == [(3, "groups", "You have no group called Wholesale.")]
        with db.operator_transaction():
            assert db.run("SELECT count(*) FROM events WHERE type = 'customer.created'", {}).fetchone() == (0,)

    def test_has_a_limit_of_rows(self, admin, monkeypatch):
        monkeypatch.setattr(staging, "MAX_ROWS_AT_ONCE", 1)
        shown = run(admin, "email\na@customers.example\nb@customers.example\n", policy="all_or_nothing")
        assert shown["problem"] == "Line 3: An import with the policy all_or_nothing has at most 1 rows."


class TestUpload:
    def test_may_be_cut_anywhere_and_sent_in_any_order(self, admin, monkeypatch):
        monkeypatch.setattr(staging, "ROWS_PER_CALL", 1)
        names = ["Jürgen", 'Ada "Countess"', "Zoë", "Max, junior"]
        text = io.StringIO()
        csv.writer(text).writerows(
            [["email", "name"], *([f"{n}@customers.example", name] for n, name in enumerate(names))]
        )
        shown = run(admin, text.getvalue(), size=7)
        assert (counts(shown), shown["rows"]) == ((4, 0, 0, 0), 4)
        assert [each["name"] for each in customers(admin).values()] == names

    def test_is_refused_after_the_start_and_the_start_while_parts_are_missing(self, admin):
        location = upload(admin, "email\n")
        assert admin.put(f"{location}/file?part=2", data=b"x").status_code == 204
        refused = admin.post(f"{location}/start", {})
        assert (refused.status_code, refused.json["code"]) == (409, "import_incomplete")
        assert admin.put(f"{location}/file?part=1", data=b"x").status_code == 204
        assert admin.post(f"{location}/start", {}).status_code == 202
        assert admin.post(f"{location}/start", {}).status_code == 202
        refused = admin.put(f"{location}/file", data=b"x")
        assert (refused.status_code, refused.json["code"]) == (409, "import_started")

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"kind": "dragons", "policy": "good_rows"}, "kind"),
            ({"kind": "customers"}, "policy"),
            ({"kind": "customers", "policy": "good_rows", "columns": {"A": "dragon"}}, "columns.A"),
            ({"kind": "customers", "policy": "good_rows", "columns": {"A": "name", "B": "name"}}, "columns.A"),
            ({"kind": "customers", "policy": "good_rows", "format": {"decimal_separator": ";"}}, "decimal_separator"),
            (
                {"kind": "customers", "policy": "good_rows", "format": {"thousands_separator": "."}},
                "thousands_separator",
            ),
        ],
    )
    def test_names_the_field_of_the_declaration_that_is_wrong(self, admin, body, field):
        refused = admin.post(IMPORTS, body)
        assert refused.status_code == 422
        assert field in str(refused.json["errors"])
        assert admin.get(IMPORTS).json["data"] == []

    def test_requires_the_permission_to_write_the_rows(self, api, company):
        _, key = factories.make_key(factories.make_member(company), company, {"run_imports"})
        body = {"kind": "customers", "policy": "good_rows"}
        refused = Api(api.app, key).post(IMPORTS, body)
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
        _, key = factories.make_key(factories.make_member(company), company, {"run_imports", "write_customers"})
        assert Api(api.app, key).post(IMPORTS, body).status_code == 201


class TestFailedJob:
    def test_is_shown(self, admin):
        location = upload(admin, "email\n")
        admin.post(f"{location}/start", {})
        with db.operator_transaction():
            db.run("UPDATE jobs SET state = 'failed', ended_at = now()", {})
        assert admin.get(location).json["state"] == "failed"
        assert [each["state"] for each in admin.get(IMPORTS).json["data"]] == ["failed"]


class TestKill:
    @pytest.mark.processes
    def test_in_the_middle_leaves_no_row_out_and_writes_none_twice(self, admin, tmp_path, monkeypatch):
        monkeypatch.setattr(slices, "SLICE_SECONDS", 60.0)
        monkeypatch.setattr(applying, "ROWS_PER_CALL", 2)
        monkeypatch.setattr(staging, "ROWS_PER_CALL", 4)
        lines = "".join(f"{number}@customers.example,Customer {number}\n" for number in range(9))
        location = upload(admin, f"email,name\n{lines}", size=100)
        admin.post(f"{location}/start", {})
        first, kills = next_slice(), 0
        while True:
            (tmp_path / "job.moved").write_text("SIGKILL")
            if run_forked(lambda: work(first), failpoint_directory=tmp_path) != -signal.SIGKILL:
                break
            kills += 1
        assert kills > 8
        assert counts(admin.get(location).json) == (9, 0, 0, 0)
        assert len(customers(admin)) == 9
        assert {each["version"] for each in customers(admin).values()} == {1}
