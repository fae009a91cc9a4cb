"""A transaction of the app's role without a tenant reads and writes no row of any table."""

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.accounts import one_time_links, profile, second_factor, sessions, throttle
from domain.audit import records as audit
from kit import alerts, clock, db
from kit.config import settings
from kit.schedules import runs
from kit.tenancy import Tenant
from migrations import tables
from tests.guards.company_with_data import company_with_data
from workers import schedules

TABLES = sorted(tables.metadata.tables)
INSUFFICIENT_PRIVILEGE = "42501"
UPDATABLE = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = ''
        AND has_column_privilege('orderx_app', attrelid, attnum, 'UPDATE')"""


@pytest.fixture(scope="module", autouse=True)
def filled():
    """At least one row in every table. No attack changes anything: what succeeds is rolled back."""
    ours, now = company_with_data(settings().require("owner_database_url")), clock.now()
    me = ours.admin
    with db.transaction(Tenant(user_id=me.id)):
        sessions.start(user_id=me.id, company_id=ours.id, now=now)
        one_time_links.create(user_id=me.id, purpose="verify_email", now=now)
        profile.create_address(user_id=me.id, label="Home", address={"country": "DE"})
        second_factor.start_enrolment(user_id=me.id)
        throttle.count_attempt(throttle.PASSWORD_ATTEMPTS, me.email, now=now)
        audit.record_operator_action(user_id=me.id, action="remove_second_factor", reason="lost phone", operator="ann")
        audit.record_super_admin_request(user_id=me.id, target_company_id=ours.id, request="GET /api", request_id="1")
    with db.operator_transaction():
        alerts.trigger("worker_died", {"stock@here": {}})
    runs.register(schedules.declared(), now=now)
    with superuser() as connection:
        connection.execute("INSERT INTO recovery_codes (hash, user_id) VALUES ('x', %s)", [me.id])
        connection.execute(
            "INSERT INTO saga_definitions (name, version, fingerprint, definition) VALUES ('x', 1, 'f', 'd')"
        )
        connection.execute("INSERT INTO timing_decoys (id, context) VALUES (%s, '{}')", [me.id])
        connection.execute("INSERT INTO inbox (consumer, event_id) VALUES ('a test', %s)", [me.id])


def superuser():
    return psycopg.connect(settings().require("owner_database_url"))


def is_json(value):
    """Whether the value is from a jsonb column; lists of an array column hold no objects."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict | list) for each in value))


def touched(statement, **values):
    """How many rows the statement finds or changes; None if it is refused."""
    try:
        with db.transaction(Tenant()):
            session = db.session()
            attack = session.begin_nested()
            rows = session.execute(text(statement), values).rowcount
            attack.rollback()
            return rows
    except DBAPIError as error:
        if error.orig.sqlstate != INSUFFICIENT_PRIVILEGE:
            raise
        return None


class TestWithoutATenant:
    @pytest.mark.parametrize("table", TABLES)
    def test_finds_nothing(self, table):
        with superuser() as connection:
            assert connection.execute(f"SELECT FROM {table} LIMIT 1").rowcount == 1, "the fixture has no row of it"
        assert not touched(f"SELECT FROM {table}")

    @pytest.mark.parametrize("table", TABLES)
    def test_changes_nothing(self, table):
        with superuser() as connection:
            updatable = connection.execute(UPDATABLE, [table]).fetchall()
        for (column,) in updatable:
            assert not touched(f"UPDATE {table} SET {column} = {column}")

    @pytest.mark.parametrize("table", TABLES)
    def test_deletes_nothing(self, table):
        assert not touched(f"DELETE FROM {table}")

    @pytest.mark.parametrize("table", TABLES)
    def test_adds_nothing(self, table):
        names = [column.name for column in tables.metadata.tables[table].columns]
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        with superuser() as connection:
            rows = connection.execute(sql.SQL("SELECT {} FROM {}").format(columns, sql.Identifier(table))).fetchall()
        for row in rows:
            values = {n: Jsonb(v) if is_json(v) else v for n, v in zip(names, row, strict=True)}
            given = ", ".join(f":{name}" for name in names)
            insert = f"INSERT INTO {table} ({', '.join(names)}) OVERRIDING SYSTEM VALUE VALUES ({given})"
            assert touched(insert, **values) is None
