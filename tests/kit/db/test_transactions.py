import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError, OperationalError

from domain.companies.models import Company
from kit import db
from kit.ids import new_id
from kit.tenancy import Tenant

COMPANY = Tenant(company_id=new_id())
ADD = f"""INSERT INTO inbox (consumer, event_id, company_id)
    VALUES (%(consumer)s, gen_random_uuid(), '{COMPANY.company_id}')"""
BREAK = f"INSERT INTO inbox (consumer, event_id, company_id) VALUES (NULL, gen_random_uuid(), '{COMPANY.company_id}')"


@pytest.fixture
def consumers(database):
    """Reads the consumers in the committed rows of the inbox, which is emptied after the test."""

    def read() -> list[str]:
        with psycopg.connect(database) as connection:
            return [name for (name,) in connection.execute("SELECT consumer FROM inbox ORDER BY consumer")]

    yield read
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM inbox")


class TestTransaction:
    def test_commits_what_was_run(self, consumers):
        with db.transaction(COMPANY):
            db.run(ADD, {"consumer": "first"})
            db.run(ADD, {"consumer": "second"})
        assert consumers() == ["first", "second"]

    def test_writes_nothing_when_its_last_statement_fails(self, consumers):
        with pytest.raises(psycopg.errors.NotNullViolation), db.transaction(COMPANY):
            db.run(ADD, {"consumer": "first"})
            db.run(BREAK, {})
        assert consumers() == []

    def test_writes_nothing_when_the_code_fails(self, consumers):
        with pytest.raises(KeyError), db.transaction(COMPANY):
            db.run(ADD, {"consumer": "first"})
            raise KeyError
        assert consumers() == []

    def test_leaves_a_usable_connection_behind(self, consumers):
        with pytest.raises(psycopg.errors.NotNullViolation), db.transaction(COMPANY):
            db.run(BREAK, {})
        with db.transaction(COMPANY):
            db.run(ADD, {"consumer": "afterwards"})
        assert consumers() == ["afterwards"]

    def test_sets_its_tenant_until_it_ends(self):
        tenant = "SELECT current_setting('orderx.company_id', true), current_setting('orderx.user_id', true)"
        company_id = new_id()
        with db.transaction(Tenant(company_id=company_id)):
            assert db.run(tenant, {}).fetchone() == (company_id.hex, "")
        with db.transaction():
            assert db.run(tenant, {}).fetchone() == ("", "")

    def test_reports_a_lost_connection_as_an_outage_and_reconnects_next_time(self, database, consumers):
        with db.transaction(COMPANY):
            backend = db.run("SELECT pg_backend_pid()", {}).fetchone()
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", backend)
        with pytest.raises(psycopg.Error) as raised, db.transaction(Tenant(company_id=new_id())):
            pytest.fail("the connection is lost")
        assert db.is_outage(raised.value)
        with db.transaction(COMPANY):
            db.run(ADD, {"consumer": "afterwards"})
        assert consumers() == ["afterwards"]

    def test_commits_what_went_through_its_session_and_what_did_not(self, consumers):
        company = Company(id=COMPANY.company_id, name="Paper & Sons", email="hello@paper.example", currency="EUR")
        with db.transaction(COMPANY):
            db.run(ADD, {"consumer": "before"})
            db.session().add(company)
            db.run(ADD, {"consumer": "last"})
        with db.transaction(COMPANY):
            assert db.session().get(Company, company.id).name == "Paper & Sons"
        assert consumers() == ["before", "last"]

    def test_raises_the_first_error_when_the_connection_is_lost_too(self, database):
        with pytest.raises(KeyError), db.transaction(COMPANY):
            backend = db.run("SELECT pg_backend_pid()", {}).fetchone()
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute("SELECT pg_terminate_backend(%s, 5000)", backend)
            raise KeyError


class TestBeforeCommit:
    def test_calls_a_write_last_and_once(self, consumers):
        written = []

        def write() -> None:
            written.extend(consumer for (consumer,) in db.run("SELECT consumer FROM inbox", {}))
            db.run(ADD, {"consumer": "last"})

        with db.transaction(COMPANY):
            db.before_commit(write)
            db.before_commit(write)
            db.run(ADD, {"consumer": "first"})
        assert written == ["first"]
        assert consumers() == ["first", "last"]


class TestActFor:
    def test_writes_what_is_deferred_for_the_tenant_until_then(self, consumers):
        other = new_id()

        def write() -> None:
            db.run(ADD, {"consumer": "deferred"})

        with db.transaction(COMPANY):
            db.before_commit(write)
            db.insert({"consumer": "buffered"}, ADD)
            db.act_for(Tenant(company_id=other))  # whom row-level security lets write nothing of the first company
            assert db.run("SELECT current_setting('orderx.company_id')", {}).fetchone() == (str(other),)
        assert consumers() == ["buffered", "deferred"]


TWO = f"""INSERT INTO inbox (consumer, event_id, company_id)
    VALUES (%(consumer)s || ', again', gen_random_uuid(), '{COMPANY.company_id}')"""


@pytest.fixture
def executed(database, monkeypatch):
    """The statements that were run, except BEGIN and COMMIT."""
    with db.transaction():
        pass  # connect now: a new connection runs further statements
    statements = []
    execute = psycopg.Cursor.execute

    def recorded(self, statement, *values, **named):
        statements.append(statement)
        return execute(self, statement, *values, **named)

    monkeypatch.setattr(psycopg.Cursor, "execute", recorded)
    return statements


class TestInsert:
    def test_combines_all_into_one_statement_at_commit(self, consumers, executed):
        with db.transaction(COMPANY):
            db.insert({"consumer": "one"}, ADD)
            db.insert({"consumer": "one"}, TWO)
            assert executed == []
        assert len(executed) == 1
        assert consumers() == ["one", "one, again"]

    def test_runs_two_statements_where_a_parameter_has_two_values(self, consumers, executed):
        with db.transaction(COMPANY):
            db.insert({"consumer": "one"}, ADD)
            db.insert({"consumer": "two"}, ADD)
        assert len(executed) == 2
        assert consumers() == ["one", "two"]

    @pytest.mark.usefixtures("consumers")
    def test_is_visible_to_the_next_statement(self):
        with db.transaction(COMPANY):
            db.insert({"consumer": "one"}, ADD)
            assert db.run("SELECT count(*) FROM inbox", {}).fetchone() == (1,)
            db.insert({"consumer": "two"}, ADD)
            assert db.session().scalar(text("SELECT count(*) FROM inbox")) == 2

    def test_writes_nothing_when_the_code_fails(self, consumers):
        with pytest.raises(KeyError), db.transaction(COMPANY):
            db.insert({"consumer": "one"}, ADD)
            raise KeyError
        assert consumers() == []


class TestRunWithDeferred:
    @pytest.mark.parametrize(
        "statement", ["SELECT count(*) FROM inbox", "WITH i AS (TABLE inbox) SELECT count(*) FROM i"]
    )
    def test_runs_a_statement_and_what_is_deferred_as_one(self, consumers, executed, statement):
        def write() -> None:
            db.insert({"second": "before commit"}, ADD.replace("%(consumer)s", "%(second)s"))

        with db.transaction(COMPANY):
            db.insert({"consumer": "buffered"}, ADD)
            db.before_commit(write)
            assert db.run_with_deferred(statement, {}).fetchone() == (0,)  # it does not see them
        assert len(executed) == 1
        assert consumers() == ["before commit", "buffered"]

    def test_runs_two_statements_where_a_parameter_has_two_values(self, consumers, executed):
        with db.transaction(COMPANY):
            db.insert({"consumer": "one"}, ADD)
            db.run_with_deferred(ADD, {"consumer": "two"})
        assert len(executed) == 2
        assert consumers() == ["one", "two"]

    def test_alone_is_the_statement(self, executed):
        with db.transaction(COMPANY):
            assert db.run_with_deferred("SELECT 1", {}).fetchone() == (1,)
        assert executed == ["SELECT 1"]


class TestReadOnlyServer:
    def test_closes_the_connection_whose_statement_was_refused(self, consumers):
        with db.transaction(COMPANY):
            db.run("SET default_transaction_read_only = on", {})  # like a demoted server behind a pooler
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction) as raised, db.transaction(COMPANY):
            db.run(ADD, {"consumer": "lost"})
        assert db.is_outage(raised.value)
        with db.transaction(COMPANY):
            db.run(ADD, {"consumer": "afterwards"})
        assert consumers() == ["afterwards"]

    def test_closes_the_connection_of_a_session(self, consumers):
        with db.transaction(COMPANY):
            db.run("SET default_transaction_read_only = on", {})
        with pytest.raises(InternalError) as raised, db.transaction(COMPANY):
            session = db.session()
            session.execute(text("DELETE FROM inbox"))
        assert db.is_outage(raised.value)
        with db.transaction(COMPANY):
            db.run(ADD, {"consumer": "afterwards"})
        assert consumers() == ["afterwards"]

    def test_is_refused_by_new_connections(self, database):
        db.app_engine().dispose()
        with psycopg.connect(database, autocommit=True) as owner:
            name = owner.info.dbname
            owner.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            try:
                with pytest.raises(OperationalError, match="read-only") as raised, db.transaction(COMPANY):
                    pytest.fail("it is read-only")
            finally:
                owner.execute("SET default_transaction_read_only = off")
                owner.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        assert db.is_outage(raised.value)
        with db.transaction(COMPANY):
            assert db.run("SELECT 1", {}).fetchone() == (1,)
