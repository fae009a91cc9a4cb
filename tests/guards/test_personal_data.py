"""Every table with personal data is covered by erasure and export, or its area says why not."""

import inspect

import pytest

from api.privacy.schemas import SECTIONS
from domain.accounts.models import User
from domain.privacy import declarations, export
from kit import clock, db
from kit.db import Base
from kit.tenancy import Tenant
from migrations import tables
from tests import factories
from tests.guards.statements import OWNERS

NAMES = {
    "email", "recipient", "phone", "address", "shipping_address", "customer_email", "customer_name", "ip_address",
    "device", "user_id", "customer_id", "caller_id", "created_by", "invited_by", "decided_by", "operator",
    "card_fingerprint", "network_hash",
}  # fmt: skip
NOT_PERSONAL = {
    ("companies", "email"): "the address of the company",
    ("locations", "address"): "the address of a shop",
    ("customer_addresses", "customer_id"): "a company's record, which erasure leaves without personal data",
    ("customer_group_members", "customer_id"): "a company's record, which erasure leaves without personal data",
}
assert tables.metadata is Base.metadata


def personal_tables():
    return {
        table.name
        for table in Base.metadata.tables.values()
        if any(column.info.get("personal") for column in table.columns)
    }


def area_of(table):
    return OWNERS[table].split(".")[1]


class TestPersonalColumns:
    def test_are_marked(self):
        suspects = {
            (table.name, column.name): column
            for table in Base.metadata.tables.values()
            for column in table.columns
            if column.name in NAMES or any(key.column.table.name == "users" for key in column.foreign_keys)
        }
        unmarked = {where for where, column in suspects.items() if not column.info.get("personal")}
        assert unmarked == NOT_PERSONAL.keys()


class TestPersonalData:
    @pytest.mark.parametrize("act", ["erased", "exported"])
    def test_is_covered_by_its_area_or_has_a_reason(self, act):
        uncovered, twice = set(personal_tables()), set()
        for area, declared in declarations.by_area().items():
            done, reasons = getattr(declared, act), getattr(declared, f"not_{act}")
            assert {area_of(table) for table in {*done, *reasons}} <= {area}
            assert all(reasons.values())
            twice |= done & reasons.keys()
            uncovered -= done | reasons.keys()
        assert (uncovered, twice) == (set(), set())

    @pytest.mark.parametrize("act", ["erase", "export"])
    def test_is_handled_by_a_function_of_the_area_that_covers_tables(self, act):
        for area, declared in declarations.by_area().items():
            own = inspect.getmodule(getattr(declared, act)).__name__ == f"domain.{area}.personal_data"
            assert own == bool(getattr(declared, f"{act}ed" if act == "export" else "erased")), area

    def test_is_exported_in_the_sections_of_the_api(self, database):
        user = factories.make_user()
        with db.transaction(Tenant(user_id=user.id)):
            found = export.export_person(user_id=user.id, now=clock.now())
        assert list(found) == list(SECTIONS)
        assert isinstance(found["user"], User)


class TestUnregisteredDeclarations:
    def test_are_an_error_and_not_nothing(self, monkeypatch):
        monkeypatch.setattr(declarations, "_BY_AREA", {})
        with pytest.raises(LookupError, match=r"areas\.register"):
            declarations.by_area()
