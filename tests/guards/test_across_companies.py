"""Reactions across companies reach the tables on this list only."""

import psycopg
import pytest

from saga.reactions.table import RECORDED_IN

GRANTED = {("outbox", "INSERT")}
"""(table, privilege) of the role orderx_across_companies."""

_GRANTS = """
    SELECT table_name, privilege_type FROM information_schema.column_privileges
    WHERE grantee = 'orderx_across_companies'
    UNION SELECT table_name, privilege_type FROM information_schema.role_table_grants
    WHERE grantee = 'orderx_across_companies'"""
_ROLE = """
    SELECT rolcanlogin OR rolbypassrls OR rolsuper, EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid)
    FROM pg_roles WHERE rolname = 'orderx_across_companies'"""
_UNIQUE = """
    SELECT indrelid::regclass::text FROM pg_index
    JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] AND attname = 'event_id'
    WHERE indisunique AND indnkeyatts = 1 AND indpred IS NULL"""


@pytest.fixture
def owner(database):
    with psycopg.connect(database) as connection:
        yield connection


class TestTheRole:
    def test_has_the_privileges_on_the_list(self, owner):
        assert set(owner.execute(_GRANTS).fetchall()) == GRANTED

    def test_cannot_log_in_and_is_a_member_of_no_other_role(self, owner):
        assert owner.execute(_ROLE).fetchall() == [(False, False)]


def test_consumers_across_companies_record_each_event_once(owner):
    assert set(RECORDED_IN.values()) <= {table for (table,) in owner.execute(_UNIQUE)}
