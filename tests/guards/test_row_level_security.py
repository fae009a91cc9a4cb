"""Attacks on tenant isolation (RLS): SQL statements that a bug might send, run as the app's role."""

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kit import db
from kit.config import settings
from kit.ids import new_id
from kit.tenancy import Tenant
from migrations import tables
from tests.guards.company_with_data import company_with_data

TENANTS = sorted(table.name for table in tables.metadata.tables.values() if "company_id" in table.columns)
READABLE = [name for name in TENANTS if name != "outbox"]
REFERENCES = sorted(
    (table.name, key.referred_table.name, next(c.name for c in key.columns if c.name != "company_id"))
    for table in tables.metadata.tables.values()
    for key in table.foreign_key_constraints
    if len(key.columns) > 1
)
INSUFFICIENT_PRIVILEGE = "42501"


@pytest.fixture(scope="module")  # no attack changes anything: what succeeds is rolled back
def ours():
    return company_with_data(owner_url())


@pytest.fixture(scope="module")
def theirs():
    return company_with_data(owner_url())


@pytest.fixture
def superuser():
    """A connection that sees everything, in a transaction that is rolled back."""
    with psycopg.connect(owner_url()) as connection:
        yield connection
        connection.rollback()


def owner_url():
    return settings().require("owner_database_url")


def companies_seen(table, tenant):
    with db.transaction(tenant):
        session = db.session()
        return set(session.scalars(text(f"SELECT company_id FROM {table}")))


def refusal(tenant, statement, **values):
    """The SQLSTATE with which PostgreSQL refuses the statement, or else how many rows it would have touched."""
    try:
        with db.transaction(tenant):
            session = db.session()
            attack = session.begin_nested()
            touched = session.execute(text(statement), values).rowcount
            attack.rollback()
            return touched
    except DBAPIError as error:
        return error.orig.sqlstate


class TestReading:
    @pytest.mark.parametrize("table", READABLE)
    def test_finds_the_rows_of_the_company_one_acts_for_and_no_others(self, ours, theirs, table):
        assert companies_seen(table, ours.tenant) == {ours.id}
        assert companies_seen(table, theirs.tenant) == {theirs.id}

    @pytest.mark.parametrize("table", READABLE)
    def test_finds_nothing_when_nobody_is_acted_for(self, ours, table):
        assert companies_seen(table, Tenant()) == set()

    def test_of_the_outbox_is_refused(self, ours):
        assert refusal(ours.tenant, "SELECT 1 FROM outbox") == INSUFFICIENT_PRIVILEGE

    def test_of_other_companies_and_their_people_finds_nothing(self, ours, theirs):
        with db.transaction(ours.tenant):
            session = db.session()
            assert set(session.scalars(text("SELECT id FROM companies"))) == {ours.id}
            assert theirs.admin.id not in set(session.scalars(text("SELECT id FROM users")))

    def test_as_a_customer_finds_ones_own_orders_and_nothing_else_of_the_company(self, ours, theirs):
        customer = Tenant(user_id=theirs.customer.id)
        for table in ("orders", "payment_attempts", "customers"):
            assert companies_seen(table, customer) == {theirs.id}
            assert companies_seen(table, Tenant(user_id=ours.admin.id)) == set()
        for table in set(READABLE) - {"orders", "payment_attempts", "customers", "idempotency_keys", "inbox"}:
            assert companies_seen(table, customer) == set()
        # Rows about events of users say that an event was processed, and nothing else.
        assert companies_seen("inbox", customer) <= {None}


class TestWriting:
    @pytest.mark.parametrize("table", TENANTS)
    def test_into_another_company_is_refused(self, ours, theirs, superuser, table):
        names = [column.name for column in tables.metadata.tables[table].columns]
        copied = sql.SQL("SELECT {} FROM {} WHERE company_id = %s").format(
            sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table)
        )
        row = superuser.execute(copied, [theirs.id]).fetchone()
        assert row is not None
        values = {n: Jsonb(value) if isinstance(value, dict) else value for n, value in zip(names, row, strict=True)}
        insert = f"INSERT INTO {table} ({', '.join(names)}) OVERRIDING SYSTEM VALUE"
        given = ", ".join(f":{name}" for name in names)
        assert refusal(ours.tenant, f"{insert} VALUES ({given})", **values) == INSUFFICIENT_PRIVILEGE

    @pytest.mark.parametrize("table", TENANTS)
    def test_over_another_companys_rows_touches_none(self, ours, theirs, table):
        update = f"UPDATE {table} SET company_id = company_id WHERE company_id = :theirs"
        assert refusal(ours.tenant, update, theirs=theirs.id) in (0, INSUFFICIENT_PRIVILEGE)

    @pytest.mark.parametrize("table", TENANTS)
    def test_away_another_companys_rows_touches_none(self, ours, theirs, table):
        delete = f"DELETE FROM {table} WHERE company_id = :theirs"
        assert refusal(ours.tenant, delete, theirs=theirs.id) in (0, INSUFFICIENT_PRIVILEGE)

    @pytest.mark.parametrize("table", TENANTS)
    def test_ones_own_rows_over_to_another_company_is_refused(self, ours, theirs, table):
        give = f"UPDATE {table} SET company_id = :theirs WHERE company_id = :ours"
        assert refusal(ours.tenant, give, theirs=theirs.id, ours=ours.id) == INSUFFICIENT_PRIVILEGE

    @pytest.mark.parametrize("table", sorted(set(TENANTS) - {"outbox", "inbox"}))
    def test_rows_of_nobody_is_refused_but_for_what_concerns_no_company(self, ours, table):
        give = f"UPDATE {table} SET company_id = NULL WHERE company_id = :ours"
        assert refusal(ours.tenant, give, ours=ours.id) == INSUFFICIENT_PRIVILEGE

    def test_ones_own_key_into_another_company_is_refused(self, ours, theirs):
        insert = """
            INSERT INTO idempotency_keys (caller_id, key, company_id, fingerprint, order_id)
            VALUES (:me, 'mine', :theirs, '', :order)"""
        values = {"me": ours.admin.id, "theirs": theirs.id, "order": theirs.order_id}
        assert refusal(ours.tenant, insert, **values) == INSUFFICIENT_PRIVILEGE

    def test_oneself_into_another_company_is_refused(self, ours, theirs):
        insert = "INSERT INTO memberships (id, user_id, company_id, role) VALUES (:id, :me, :theirs, 'company_admin')"
        values = {"id": new_id(), "me": ours.admin.id, "theirs": theirs.id}
        assert refusal(ours.tenant, insert, **values) == INSUFFICIENT_PRIVILEGE

    def test_oneself_a_super_admin_is_refused(self, ours):
        insert = "INSERT INTO memberships (id, user_id, role) VALUES (:id, :me, 'super_admin')"
        assert refusal(ours.tenant, insert, id=new_id(), me=ours.admin.id) == INSUFFICIENT_PRIVILEGE


class TestReferences:
    @pytest.mark.parametrize("reference", REFERENCES, ids=".".join)
    def test_cannot_leave_the_company_under_any_role(self, ours, theirs, superuser, reference):
        table, referred, column = reference
        superuser.execute("SET LOCAL session_replication_role = replica")  # frees unique keys, ignores references
        if table != referred:
            superuser.execute(f"DELETE FROM {table} WHERE company_id = %s", [theirs.id])
        superuser.execute("SET LOCAL session_replication_role = origin")
        one = f"SELECT ctid FROM {table} WHERE company_id = %s ORDER BY {column} LIMIT 1"
        point = f"UPDATE {table} SET {column} = (SELECT id FROM {referred} WHERE company_id = %s LIMIT 1)"
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            superuser.execute(f"{point} WHERE ctid = ({one})", [theirs.id, ours.id])


class TestPooledConnections:
    def test_show_nothing_of_whom_they_served_before(self, ours, theirs):
        with db.transaction(theirs.tenant):
            session = db.session()
            served = session.scalar(text("SELECT pg_backend_pid()"))
        with db.transaction(ours.tenant):
            session = db.session()
            assert session.scalar(text("SELECT pg_backend_pid()")) == served
            assert set(session.scalars(text("SELECT company_id FROM orders"))) == {ours.id}

    def test_show_nothing_after_a_failure_either(self, ours):
        assert refusal(ours.tenant, "SELECT 1 / 0") == "22012"
        assert companies_seen("orders", Tenant()) == set()

    def test_lose_the_tenant_even_when_nobody_sets_another(self, ours):
        with db.transaction(ours.tenant):
            pass
        with db.app_engine().begin() as connection:
            assert connection.scalar(text("SELECT count(*) FROM orders")) == 0
