"""Customers of a company and their groups, over HTTP."""

import pytest

from tests import factories

ADDRESS = {"name": "Ada Lovelace", "line1": "1 Harbour Street", "city": "Antwerp", "country": "BE"}

WRONG = [
    ("name", ""), ("name", None), ("email", "not an address"), ("phone", "12"), ("locale", "xx-YY"), ("vat_id", "123"),
    ("tax_exempt", "yes"), ("tags", ["x" * 51]), ("note", "x" * 2001), ("note", "4242 4242 4242 4242"),
    ("note", "a\u202eb"), ("note", "a\u2028b"), ("note", "a\x00b"), ("note", "\u200b"),
    ("user_id", "01a1f9fb-f07c-7766-bd40-d664d485d37e"),
]  # fmt: skip


@pytest.fixture
def staff(api, company):
    return api.acting_as(factories.make_member(company, "staff"), company)


@pytest.fixture
def stranger(api, database):
    other = factories.make_company(name="Others")
    return api.acting_as(factories.make_member(other), other)


@pytest.fixture
def ada(staff):
    return staff.post("/api/customers", {"name": "Ada", "email": "Ada@Lovelace.example"}).json


class TestCreate:
    def test_shows_what_was_sent_in_canonical_form(self, staff):
        answer = staff.post(
            "/api/customers",
            {
                "name": "Ada", "email": "Ada@Lovelace.example", "phone": "+44 20 7946 0958", "locale": "en-GB",
                "vat_id": "DE123456789", "tax_exempt": True, "tags": ["press"], "note": "Call first.\nThen write.",
                "accepts_marketing": True,
            },
        )  # fmt: skip
        assert answer.status_code == 201
        created = answer.json
        assert (created["email"], created["phone"]) == ("ada@lovelace.example", "+442079460958")
        assert (created["tags"], created["note"]) == (["press"], "Call first.\nThen write.")
        assert created["accepts_marketing"]
        assert created["marketing_decided_at"]
        assert created["user_id"] is None
        assert staff.get(answer.headers["Location"]).json == created

    def test_refuses_a_second_guest_with_the_same_email(self, staff, ada):
        answer = staff.post("/api/customers", {"name": "Eve", "email": ada["email"]})
        assert (answer.status_code, answer.json["code"]) == (409, "customer_email_taken")

    @pytest.mark.parametrize(("field", "value"), WRONG)
    def test_names_the_field_that_is_wrong_and_writes_nothing(self, staff, field, value):
        answer = staff.post("/api/customers", {"name": "Ada", field: value})
        assert answer.status_code == 422
        assert field in str(answer.json["errors"])
        assert staff.get("/api/customers").json["data"] == []


class TestList:
    def test_finds_a_part_of_name_email_or_phone(self, staff, ada):
        staff.post("/api/customers", {"name": "Grace Hopper", "phone": "+12025550143"})
        found = {text: [row["name"] for row in staff.get(f"/api/customers?search={text}").json["data"]] for text in (
            "ADA", "lovelace.EX", "hopp", "202555", "100%25", "nobody",
        )}  # fmt: skip
        assert found == {
            "ADA": ["Ada"], "lovelace.EX": ["Ada"], "hopp": ["Grace Hopper"], "202555": ["Grace Hopper"],
            "100%25": [], "nobody": [],
        }  # fmt: skip

    def test_filters_by_tag_and_group(self, staff, ada):
        group = staff.post("/api/customer-groups", {"name": "Wholesale"}).json
        staff.patch(f"/api/customers/{ada['id']}", {"tags": ["press"]})
        staff.put(f"/api/customers/{ada['id']}/groups", {"group_ids": [group["id"]]})
        staff.post("/api/customers", {"name": "Grace"})
        for query in ("tag=press", f"group_id={group['id']}"):
            assert [row["name"] for row in staff.get(f"/api/customers?{query}").json["data"]] == ["Ada"]
        assert staff.get("/api/customers?tag=pres").json["data"] == []

    def test_comes_in_pages(self, staff):
        for name in "ABC":
            staff.post("/api/customers", {"name": name})
        first = staff.get("/api/customers?limit=2").json
        second = staff.get(f"/api/customers?limit=2&after={first['next']}").json
        assert [row["name"] for row in first["data"] + second["data"]] == ["A", "B", "C"]
        assert second["next"] is None


class TestChange:
    def test_changes_and_removes_fields(self, staff, ada):
        changed = staff.patch(f"/api/customers/{ada['id']}", {"name": "Countess", "email": None}).json
        assert (changed["name"], changed["email"], changed["version"]) == ("Countess", None, ada["version"] + 1)

    def test_refuses_an_old_version(self, staff, ada):
        path, etag = f"/api/customers/{ada['id']}", {"If-Match": f'"{ada["version"]}"'}
        assert staff.patch(path, {"name": "Countess"}, headers=etag).status_code == 200
        answer = staff.patch(path, {"name": "Eve"}, headers=etag)
        assert (answer.status_code, answer.json["code"]) == (412, "customer_changed")

    def test_keeps_when_the_customer_decided_about_advertising(self, staff, ada):
        path = f"/api/customers/{ada['id']}"
        decided = [
            staff.patch(path, {"accepts_marketing": accepts}).json["marketing_decided_at"]
            for accepts in (True, True, False)
        ]
        assert decided[0] == decided[1] < decided[2]

    def test_of_another_company_is_not_found(self, stranger, ada):
        for answer in (
            stranger.get(f"/api/customers/{ada['id']}"),
            stranger.patch(f"/api/customers/{ada['id']}", {"name": "Eve"}),
            stranger.post(f"/api/customers/{ada['id']}/addresses", {"label": "Home", "address": ADDRESS}),
        ):
            assert (answer.status_code, answer.json["code"]) == (404, "customer_not_found")
        assert stranger.get("/api/customers").json["data"] == []


class TestAddresses:
    def test_are_added_changed_and_deleted(self, staff, ada):
        path = f"/api/customers/{ada['id']}/addresses"
        added = staff.post(path, {"label": "Home", "address": ADDRESS}).json
        changed = staff.put(f"{path}/{added['id']}", {"label": "Office", "address": {**ADDRESS, "city": "Ghent"}}).json
        customer = staff.get(f"/api/customers/{ada['id']}").json
        assert (customer["addresses"], customer["version"]) == ([changed], ada["version"] + 2)
        assert changed["address"]["city"] == "Ghent"
        assert staff.delete(f"{path}/{added['id']}").status_code == 204
        assert staff.get(f"/api/customers/{ada['id']}").json["addresses"] == []

    def test_of_another_customer_are_not_found(self, staff, ada):
        grace = staff.post("/api/customers", {"name": "Grace"}).json
        added = staff.post(f"/api/customers/{ada['id']}/addresses", {"label": "Home", "address": ADDRESS}).json
        answer = staff.delete(f"/api/customers/{grace['id']}/addresses/{added['id']}")
        assert (answer.status_code, answer.json["code"]) == (404, "customer_address_not_found")

    def test_are_at_most_fifty(self, staff, ada, monkeypatch):
        monkeypatch.setattr("domain.customers.addresses.MAX_ADDRESSES", 1)
        path = f"/api/customers/{ada['id']}/addresses"
        staff.post(path, {"label": "Home", "address": ADDRESS})
        answer = staff.post(path, {"label": "Office", "address": ADDRESS})
        assert (answer.status_code, answer.json["code"]) == (409, "too_many_customer_addresses")


class TestGroups:
    def test_are_created_renamed_listed_and_deleted(self, staff):
        group = staff.post("/api/customer-groups", {"name": "Wholesale"}).json
        renamed = staff.patch(f"/api/customer-groups/{group['id']}", {"name": "Trade"}).json
        assert staff.get("/api/customer-groups").json["data"] == [renamed]
        assert staff.delete(f"/api/customer-groups/{group['id']}").status_code == 204
        answer = staff.delete(f"/api/customer-groups/{group['id']}")
        assert (answer.status_code, answer.json["code"]) == (404, "customer_group_not_found")

    def test_have_unique_names(self, staff):
        groups = [staff.post("/api/customer-groups", {"name": name}).json for name in ("Trade", "Press")]
        for answer in (
            staff.post("/api/customer-groups", {"name": "Trade"}),
            staff.patch(f"/api/customer-groups/{groups[1]['id']}", {"name": "Trade"}),
        ):
            assert (answer.status_code, answer.json["code"]) == (409, "customer_group_name_taken")

    def test_keep_their_customers_when_deleted(self, staff, ada):
        group = staff.post("/api/customer-groups", {"name": "Trade"}).json
        staff.put(f"/api/customers/{ada['id']}/groups", {"group_ids": [group["id"]]})
        staff.delete(f"/api/customer-groups/{group['id']}")
        assert staff.get(f"/api/customers/{ada['id']}").json["group_ids"] == []

    def test_of_another_company_cannot_be_assigned(self, staff, stranger, ada):
        group = stranger.post("/api/customer-groups", {"name": "Theirs"}).json
        answer = staff.put(f"/api/customers/{ada['id']}/groups", {"group_ids": [group["id"]]})
        assert answer.status_code == 422
        assert "You have no such group" in str(answer.json["errors"])


class TestMerge:
    @pytest.fixture
    def grace(self, staff):
        group = staff.post("/api/customer-groups", {"name": "Trade"}).json
        grace = staff.post(
            "/api/customers",
            {"name": "Grace", "phone": "+12025550143", "tags": ["b"], "note": "Likes blue.", "accepts_marketing": True},
        ).json
        staff.put(f"/api/customers/{grace['id']}/groups", {"group_ids": [group["id"]]})
        staff.post(f"/api/customers/{grace['id']}/addresses", {"label": "Home", "address": ADDRESS})
        return staff.get(f"/api/customers/{grace['id']}").json

    def test_takes_over_what_the_guest_had(self, staff, ada, grace, published):
        staff.patch(f"/api/customers/{ada['id']}", {"tags": ["a"], "note": "Call first."})
        merged = staff.post(f"/api/customers/{ada['id']}/merge", {"guest_id": grace["id"]}).json
        assert (merged["name"], merged["email"], merged["phone"]) == ("Ada", "ada@lovelace.example", "+12025550143")
        assert (merged["tags"], merged["note"]) == (["a", "b"], "Call first.\nLikes blue.")
        assert (merged["addresses"], merged["group_ids"]) == (grace["addresses"], grace["group_ids"])
        assert not merged["accepts_marketing"]
        assert staff.get(f"/api/customers/{grace['id']}").status_code == 404
        assert [event["merged_customer_id"] for event in published("customer.merged")] == [grace["id"]]
        assert published.sequence(ada["id"]) == [1, 2, 3, 4]

    def test_of_a_guest_with_an_email_gives_it_to_a_guest_without(self, staff, ada, grace):
        merged = staff.post(f"/api/customers/{grace['id']}/merge", {"guest_id": ada["id"]}).json
        assert (merged["name"], merged["email"]) == ("Grace", ada["email"])

    def test_is_refused_into_the_same_and_into_a_stranger(self, staff, stranger, ada, grace):
        answer = staff.post(f"/api/customers/{ada['id']}/merge", {"guest_id": ada["id"]})
        assert (answer.status_code, answer.json["code"]) == (409, "cannot_merge_customers")
        foreign = stranger.post("/api/customers", {"name": "Theirs"}).json
        answer = staff.post(f"/api/customers/{foreign['id']}/merge", {"guest_id": ada["id"]})
        assert (answer.status_code, answer.json["code"]) == (404, "customer_not_found")
        assert staff.get(f"/api/customers/{ada['id']}").json == {**ada, "group_ids": [], "addresses": []}

    def test_of_a_user_is_refused(self, staff, company, ada):
        user = factories.make_customer(company, factories.make_user())
        answer = staff.post(f"/api/customers/{ada['id']}/merge", {"guest_id": str(user)})
        assert (answer.status_code, answer.json["code"]) == (409, "cannot_merge_customers")
