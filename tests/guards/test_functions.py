"""The database's functions are those of migrations/functions; those with more rights than their callers are safe."""

import re

import psycopg
import pytest

from kit.config import settings
from migrations import functions, tables
from tests.guards.company_with_data import company_with_data

DEFINER = "orderx_definer"
EVENTS_OWNER = "orderx_events_owner"
IN_PUBLIC = "pronamespace = 'public'::regnamespace"
CALLERS = {
    "delete_mails_to": {"orderx_app"},
    "erase_user": {"orderx_app"},
    "erase_member": {"orderx_app"},
    "erase_customer": {"orderx_app"},
    "erase_customer_records": {"orderx_app"},
    "oldest_snapshot": {"orderx_operator"},
    "record_saga_definition": {"orderx_app"},
    "rotate_event_partitions": {"orderx_operator"},
    "database_metrics": {"orderx_app", "orderx_operator"},
}
OWNERS = dict.fromkeys(CALLERS, DEFINER) | {"rotate_event_partitions": EVENTS_OWNER}
NAMES_A_TABLE = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO)\s+([a-z_.]+)")
RIGHTS = """
    SELECT table_name, privilege_type, NULL AS column_name FROM information_schema.table_privileges
    WHERE grantee = 'orderx_definer'
    UNION ALL SELECT table_name, privilege_type, column_name FROM information_schema.column_privileges
    WHERE grantee = 'orderx_definer'"""


@pytest.fixture
def superuser(database):
    """A superuser's connection, in a transaction that is rolled back."""
    with psycopg.connect(database) as connection:
        yield connection
        connection.rollback()


def names(rows):
    return {name for (name,) in rows}


def call_all(connection, user_id):
    """Call every function of the definer as one of its callers, as the user."""
    connection.execute("SET LOCAL ROLE orderx_app")
    connection.execute("SELECT set_config('orderx.user_id', %s, true)", [str(user_id)])
    connection.execute(
        "SELECT erase_customer(%(user)s), erase_customer_records(%(user)s), erase_member(%(user)s),"
        " erase_user(%(user)s), delete_mails_to(%(user)s), database_metrics()",
        {"user": user_id},
    )
    connection.execute("SELECT record_saga_definition('toy', 1, '', '')")
    connection.execute("RESET ROLE")


def can_do_without(connection, user_id, table, privilege, column):
    """Whether the functions still work when the definer has lost this right."""
    right = f"{privilege} ({column})" if column else privilege
    connection.execute(f"REVOKE {right} ON {table} FROM orderx_definer")
    try:
        call_all(connection, user_id)
    except psycopg.errors.InsufficientPrivilege:
        return False
    else:
        return True
    finally:
        connection.rollback()


class TestFunctions:
    def test_are_those_of_the_files(self, superuser):
        found = dict(superuser.execute(f"SELECT proname, prosrc FROM pg_proc WHERE {IN_PUBLIC}").fetchall())
        assert found.keys() == functions.FILES.keys()
        assert [name for name, body in found.items() if body not in functions.FILES[name].read_text()] == []

    @pytest.mark.parametrize("name", functions.FILES)
    def test_name_tables_with_their_schema(self, name):
        code = re.sub(r"--.*", "", functions.FILES[name].read_text()).partition("AS $$")[2].partition("$$")[0]
        assert set(NAMES_A_TABLE.findall(code)) & tables.metadata.tables.keys() == set()


class TestFunctionsWithMoreRightsThanTheirCallers:
    def test_belong_to_their_owners_and_search_pg_temp_last(self, superuser):
        found = superuser.execute(
            f"SELECT proname, pg_get_userbyid(proowner), proconfig FROM pg_proc WHERE prosecdef AND {IN_PUBLIC}"
        ).fetchall()
        path = ["search_path=pg_catalog, public, pg_temp"]
        assert {name: (owner, config) for name, owner, config in found} == {n: (OWNERS[n], path) for n in CALLERS}

    def test_are_in_no_other_schema(self, superuser):
        elsewhere = superuser.execute(f"SELECT proname FROM pg_proc WHERE prosecdef AND NOT {IN_PUBLIC}")
        assert elsewhere.fetchall() == []

    @pytest.mark.parametrize("name", CALLERS)
    def test_can_be_called_by_their_callers_alone(self, superuser, name):
        granted = superuser.execute(
            "SELECT CASE grantee WHEN 0 THEN 'everybody' ELSE grantee::regrole::text END"
            " FROM pg_proc, aclexplode(proacl) WHERE proname = %s",
            [name],
        )
        assert names(granted) - {OWNERS[name]} == CALLERS[name]


class TestDefiner:
    def test_cannot_log_in_or_pass_row_level_security(self, superuser):
        [powers] = superuser.execute(
            "SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
            " FROM pg_roles WHERE rolname = %s",
            [DEFINER],
        ).fetchall()
        assert powers == (False,) * 6

    def test_owns_these_functions_and_nothing_else(self, superuser):
        owned = superuser.execute(
            "SELECT classid::regclass::text, objid::regproc::text FROM pg_shdepend"
            " WHERE refobjid = %s::regrole AND deptype = 'o'"
            " AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
            [DEFINER],
        ).fetchall()
        assert set(owned) == {("pg_proc", name) for name in CALLERS if OWNERS[name] == DEFINER}

    def test_is_a_member_of_no_role_but_for_statistics_and_our_logins_are_none_of_it(self, superuser):
        members = "SELECT member::regrole::text FROM pg_auth_members WHERE roleid = %s::regrole"
        assert names(superuser.execute(members, [DEFINER])) & {"orderx_app", "orderx_operator"} == set()
        of = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole"
        assert names(superuser.execute(of, [DEFINER])) == {"pg_read_all_stats"}

    def test_cannot_create_anything(self, superuser):
        [found] = superuser.execute(
            "SELECT has_schema_privilege(%(role)s, 'public', 'CREATE'),"
            " has_database_privilege(%(role)s, current_database(), 'TEMP, CREATE')",
            {"role": DEFINER},
        ).fetchall()
        assert found == (False, False)

    def test_has_a_policy_for_each_table_that_it_has_a_right_on_and_no_other(self, superuser):
        protected = superuser.execute("SELECT DISTINCT tablename FROM pg_policies WHERE %s = ANY(roles)", [DEFINER])
        assert names(protected) == {table for table, _, _ in superuser.execute(RIGHTS)}

    def test_has_no_right_that_its_functions_could_do_without(self, superuser):
        someone = company_with_data(settings().require("owner_database_url")).customer.id
        call_all(superuser, someone)
        superuser.rollback()
        rights = superuser.execute(RIGHTS).fetchall()
        assert [right for right in rights if can_do_without(superuser, someone, *right)] == []


class TestEverybody:
    def test_may_create_neither_temporary_objects_nor_others(self, superuser):
        [found] = superuser.execute(
            "SELECT has_database_privilege('public', current_database(), 'TEMP, CREATE'),"
            " has_schema_privilege('public', 'public', 'CREATE')"
        ).fetchall()
        assert found == (False, False)

    def test_is_granted_nothing_on_our_tables(self, superuser):
        granted = superuser.execute(
            "SELECT relname FROM pg_class, aclexplode(relacl)"
            " WHERE relnamespace = 'public'::regnamespace AND grantee = 0"
        ).fetchall()
        assert granted == []


class TestOwnerOfEvents:
    def test_cannot_log_in_and_is_a_member_of_nothing(self, superuser):
        [powers] = superuser.execute(
            "SELECT rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication,"
            " EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid),"
            " has_schema_privilege(oid, 'public', 'CREATE') FROM pg_roles WHERE rolname = %s",
            [EVENTS_OWNER],
        ).fetchall()
        assert powers == (False, False, False)

    def test_owns_the_table_of_events_and_its_partitions(self, superuser):
        owned = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND pg_get_userbyid(relowner) = %s"
        partitions = (
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'event_partitions'::regnamespace"
        )
        assert names(superuser.execute(owned, [EVENTS_OWNER])) == {"events", *names(superuser.execute(partitions))}

    def test_alone_may_use_the_partitions(self, superuser):
        [granted] = superuser.execute(
            "SELECT count(*) FROM pg_class, aclexplode(relacl) WHERE relnamespace = 'event_partitions'::regnamespace"
            " AND grantee <> relowner"
        )
        assert granted == (0,)
        for role in ("orderx_app", "orderx_operator"):
            assert superuser.execute(
                "SELECT has_schema_privilege(%s, 'event_partitions', 'USAGE')", [role]
            ).fetchone() == (False,)
