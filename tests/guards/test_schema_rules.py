"""PostgreSQL's catalogue after the migrations: tenant isolation (RLS), and the privileges of each role."""

import importlib
import pkgutil
import re

import psycopg
import pytest
from sqlalchemy import make_url

import domain
import kit
import saga
from kit.config import settings
from kit.db import Base
from migrations import tables
from tests.guards.source_tree import ROOT
from workers import retention

TENANTS = sorted(table.name for table in tables.metadata.tables.values() if "company_id" in table.columns)
GLOBAL = {
    "companies", "users", "sessions", "refresh_tokens", "one_time_links", "addresses", "second_factors",
    "recovery_codes", "attempt_counters", "timing_decoys", "alerts", "super_admin_requests", "saga_definitions",
    "operator_actions", "schedules",
}  # fmt: skip
APPEND_ONLY = (
    "stock_movements", "payment_events", "saga_events", "saga_signals", "company_events", "super_admin_requests",
    "operator_actions", "events",
)  # fmt: skip
MAY_BELONG_TO_NOBODY = {"memberships", "outbox", "inbox", "mails", "events", "jobs"}
# What is locked FOR UPDATE needs the right to update.
OPERATOR_WRITES = {
    ("alerts", "INSERT"): "kit/alerts.py",
    ("alerts", "UPDATE"): "kit/alerts.py",
    ("events", "INSERT"): "kit/messaging/kept_events.py",
    ("jobs", "INSERT"): "kit/jobs/rows.py",
    ("jobs", "UPDATE"): "kit/jobs/rows.py",
    ("mails", "UPDATE"): "workers/overdue_mails.py",
    ("outbox", "DELETE"): "workers/outbox/relay.py",
    ("outbox", "INSERT"): "kit/messaging/outbox.py",
    ("outbox", "UPDATE"): "workers/outbox/relay.py",
    ("sagas", "UPDATE"): "saga/engine/sweep.py",
    ("schedules", "DELETE"): "kit/schedules/runs.py",
    ("schedules", "INSERT"): "kit/schedules/runs.py",
    ("schedules", "UPDATE"): "kit/schedules/runs.py",
}
GROUPS = ("orderx_app", "orderx_operator")


@pytest.fixture
def catalogue(database):
    """Asks PostgreSQL's catalogue, as the superuser."""
    with psycopg.connect(database) as connection:
        yield lambda query, *params: connection.execute(query, params).fetchall()


def roles():
    logins = [make_url(settings().require(url)).username for url in ("database_url", "operator_database_url")]
    return [*GROUPS, *logins]


class TestTableList:
    def test_has_every_module_with_a_table(self):
        packages = [
            (package, pkgutil.walk_packages(package.__path__, f"{package.__name__}."))
            for package in (domain, kit, saga)
        ]
        modules = [importlib.import_module(found.name) for _, each in packages for found in each]
        with_tables = {
            model.__module__ for module in modules for model in vars(module).values()
            if isinstance(model, type) and issubclass(model, Base) and model is not Base
        }  # fmt: skip
        assert {module.__name__ for module in tables.MODULES} == with_tables

    def test_is_what_the_database_has(self, catalogue):
        found = catalogue(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
        assert {name for (name,) in found} == tables.metadata.tables.keys() | {"alembic_version"}

    def test_has_only_tables_of_a_company_and_the_few_that_are_not(self):
        assert tables.metadata.tables.keys() - set(TENANTS) == GLOBAL


class TestTenantIsolation:
    def test_is_enabled_and_forced_on_every_table(self, catalogue):
        protected = catalogue("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        assert {name for (name,) in protected} == set(TENANTS) | GLOBAL

    @pytest.mark.parametrize("table", TENANTS)
    def test_limits_the_app_to_its_tenant(self, catalogue, table):
        policies = catalogue(
            "SELECT qual, with_check FROM pg_policies WHERE tablename = %s AND policyname = 'company'"
            " AND roles = '{orderx_app}' AND cmd = 'ALL'",
            table,
        )
        assert len(policies) == 1
        for condition in policies[0]:
            assert condition.startswith("(company_id = ")
            assert "orderx.company_id" in condition

    def test_has_no_policy_for_public(self, catalogue):
        assert catalogue("SELECT tablename, policyname FROM pg_policies WHERE 'public' = ANY(roles)") == []

    def test_allows_a_null_company_in_few_tables(self, catalogue):
        columns = """
            SELECT table_name FROM information_schema.columns
            WHERE table_schema = 'public' AND column_name = 'company_id'"""
        assert {name for (name,) in catalogue(f"{columns} AND is_nullable = 'YES'")} == MAY_BELONG_TO_NOBODY

    def test_includes_foreign_keys(self, catalogue):
        # PostgreSQL checks foreign keys past row-level security, so each must carry the company with it.
        keys = catalogue("""
            SELECT conname, conrelid::regclass::text, confrelid::regclass::text, (
                SELECT array_agg(attname::text) FROM pg_attribute
                WHERE attrelid = conrelid AND attnum = ANY(conkey))
            FROM pg_constraint WHERE contype = 'f'""")
        assert keys
        loose = [name for name, of, to, by in keys if of in TENANTS and to in TENANTS and "company_id" not in by]
        assert loose == []


class TestRoles:
    def test_own_nothing_and_cannot_bypass_row_level_security(self, catalogue):
        found = catalogue(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
            " AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)",
            roles(),
        )
        assert {name for (name,) in found} == set(roles())
        owned = catalogue("SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = ANY(%s)", roles())
        assert owned == []

    def test_cannot_log_in_as_the_groups_themselves(self, catalogue):
        assert catalogue("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s) AND rolcanlogin", list(GROUPS)) == []

    def test_are_members_of_one_group_each(self, catalogue):
        groups = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole"
        of_groups = [[], [("orderx_across_companies",)]]  # the operator role may act as a role that may do less
        assert [catalogue(groups, role) for role in roles()] == [*of_groups, *([(group,)] for group in GROUPS)]

    def test_cannot_create_anything(self, catalogue):
        for role in roles():
            assert catalogue("SELECT has_schema_privilege(%s, 'public', 'CREATE')", role) == [(False,)]

    @pytest.mark.parametrize("table", APPEND_ONLY)
    def test_of_the_app_can_only_add_to_what_is_append_only(self, catalogue, table):
        assert rights(catalogue, "orderx_app", table) == {"SELECT", "INSERT"}

    @pytest.mark.parametrize("table", APPEND_ONLY)
    def test_of_the_operator_cannot_change_what_is_append_only(self, catalogue, table):
        assert "UPDATE" not in rights(catalogue, "orderx_operator", table)

    def test_of_the_operator_write_what_its_statements_write_and_delete_what_expires(self, catalogue):
        expiring = {table for rule in retention.rules().values() for table in (rule.table, *dict(rule.dependents))}
        expected = {(table, "DELETE") for table in expiring} | OPERATOR_WRITES.keys()
        found = {
            (table, privilege)
            for table in tables.metadata.tables
            for privilege in rights(catalogue, "orderx_operator", table) - {"SELECT"}
        }
        assert found == expected

    @pytest.mark.parametrize(("written", "path"), OPERATOR_WRITES.items())
    def test_of_the_operator_are_used_where_the_list_says(self, written, path):
        table, privilege = written
        verb = {"INSERT": "INSERT INTO", "UPDATE": "(?:UPDATE|FROM)", "DELETE": "DELETE FROM"}[privilege]
        assert re.search(rf"{verb} {table}\b", (ROOT / path).read_text())

    def test_of_the_app_deletes_only_what_users_take_back(self, catalogue):
        deletable = {table for table in tables.metadata.tables if "DELETE" in rights(catalogue, "orderx_app", table)}
        assert deletable == {
            "memberships",
            "api_keys",
            "sessions",
            "idempotency_keys",
            "addresses",
            "second_factors",
            "recovery_codes",
            "invitations",
            "locations",
            "customers",  # a guest that is merged into another customer
            "customer_addresses",
            "customer_groups",
            "customer_group_members",
            "import_parts",  # they have been read
            "import_rows",  # they have been applied
            "queued_sagas",  # a saga that starts leaves the queue
            "usage_counts",  # a closed shop leaves the counts
            "variants",
            "listings",
            "categories",
            "product_categories",
        }

    def test_of_the_app_adds_to_the_outbox_and_cannot_read_it(self, catalogue):
        assert rights(catalogue, "orderx_app", "outbox") == {"INSERT"}

    @pytest.mark.parametrize("role", GROUPS)
    def test_cannot_truncate_or_add_triggers(self, catalogue, role):
        for table in tables.metadata.tables:
            assert rights(catalogue, role, table) <= {"SELECT", "INSERT", "UPDATE", "DELETE"}


def rights(catalogue, role, table):
    kinds = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
    asked = "SELECT kind FROM unnest(%s::text[]) AS kind WHERE has_table_privilege(%s, %s, kind)"
    return {kind for (kind,) in catalogue(asked, kinds, role, f"public.{table}")}
