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
def heard(database):
    """Who has written to the inbox, as everybody sees it; its rows are gone after the test."""

    def read() -> list[str]:
        with psycopg.connect(database) as connection:
            return [name for (name,) in connection.execute("SELECT consumer FROM inbox ORDER BY consumer")]

    yield read
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM inbox")


class TestLeanTransaction:
    def test_commits_what_was_run_and_what_finishes_it(self, heard):
        with db.lean_transaction(COMPANY):
            db.run(ADD, {"consumer": "first"})
            db.finish(ADD, {"consumer": "last"})
        assert heard() == ["first", "last"]

    def test_commits_what_finishes_it_when_nothing_was_run_before(self, heard):
        with db.lean_transaction(COMPANY):
            db.finish(ADD, {"consumer": "alone"})
        assert heard() == ["alone"]

    def test_writes_nothing_when_its_last_statement_fails(self, heard):
        with pytest.raises(psycopg.errors.NotNullViolation), db.lean_transaction(COMPANY):
            db.run(ADD, {"consumer": "first"})
            db.finish(BREAK, {})
        assert heard() == []

    def test_writes_nothing_when_the_code_fails(self, heard):
        with pytest.raises(KeyError), db.lean_transaction(COMPANY):
            db.run(ADD, {"consumer": "first"})
            db.finish(ADD, {"consumer": "last"})
            raise KeyError
        assert heard() == []

    def test_leaves_a_usable_connection_behind(self, heard):
        with pytest.raises(psycopg.errors.NotNullViolation), db.lean_transaction(COMPANY):
            db.finish(BREAK, {})
        with db.lean_transaction(COMPANY):
            db.run(ADD, {"consumer": "afterwards"})
        assert heard() == ["afterwards"]

    def test_acts_for_its_tenant_and_only_until_it_ends(self, heard):
        acted_for = "SELECT current_setting('orderx.company_id', true), current_setting('orderx.user_id', true)"
        company_id = new_id()
        with db.lean_transaction(Tenant(company_id=company_id)):
            assert db.run(acted_for, {}).fetchone() == (company_id.hex, "")
        with db.lean_transaction():
            assert db.run(acted_for, {}).fetchone() == ("", "")

    def test_takes_a_connection_that_was_lost_meanwhile_for_an_outage_and_the_next_for_mended(self, database, heard):
        with db.lean_transaction(COMPANY):
            lost = db.run("SELECT pg_backend_pid()", {}).fetchone()
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", lost)
        with pytest.raises(psycopg.Error) as trouble, db.lean_transaction(Tenant(company_id=new_id())):
            pytest.fail("there is no connection to act on")
        assert db.is_outage(trouble.value)
        with db.lean_transaction(COMPANY):
            db.run(ADD, {"consumer": "afterwards"})
        assert heard() == ["afterwards"]

    def test_lets_a_session_join_it(self, heard):
        company = Company(id=COMPANY.company_id, name="Paper & Sons", email="hello@paper.example", currency="EUR")
        with db.lean_transaction(COMPANY):
            db.run(ADD, {"consumer": "before"})
            db.session().add(company)
            db.finish(ADD, {"consumer": "last"})
        with db.transaction(COMPANY) as session:
            assert session.get(Company, company.id).name == "Paper & Sons"
        assert heard() == ["before", "last"]

    def test_tells_the_first_error_though_the_connection_is_lost_over_it(self, database):
        with pytest.raises(KeyError), db.lean_transaction(COMPANY):
            lost = db.run("SELECT pg_backend_pid()", {}).fetchone()
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute("SELECT pg_terminate_backend(%s, 5000)", lost)
            raise KeyError


class TestTransaction:
    def test_commits_what_went_past_its_session(self, heard):
        with db.transaction(COMPANY):
            db.run(ADD, {"consumer": "past the session"})
        assert heard() == ["past the session"]

    def test_writes_last_what_asked_to_be_and_only_once(self, heard):
        def write() -> None:
            db.run(ADD, {"consumer": "last"})

        with db.transaction(COMPANY):
            db.write_last(write)
            db.write_last(write)
            db.run(ADD, {"consumer": "first"})
        assert heard() == ["first", "last"]


TWO = f"""INSERT INTO inbox (consumer, event_id, company_id)
    VALUES (%(consumer)s || ', again', gen_random_uuid(), '{COMPANY.company_id}')"""


class TestWrite:
    @pytest.fixture
    def executed(self, monkeypatch):
        """The statements that were run, but BEGIN and COMMIT."""
        statements = []
        execute = psycopg.Cursor.execute

        def noted(self, statement, *values, **named):
            statements.append(statement)
            return execute(self, statement, *values, **named)

        monkeypatch.setattr(psycopg.Cursor, "execute", noted)
        return statements

    def test_makes_one_statement_of_all_at_the_end(self, heard, executed):
        with db.lean_transaction(COMPANY):
            db.write({"consumer": "one"}, ADD)
            db.write({"consumer": "one"}, TWO)
            assert executed == []
        assert len(executed) == 1
        assert heard() == ["one", "one, again"]

    def test_keeps_apart_what_means_different_things_by_one_name(self, heard, executed):
        with db.lean_transaction(COMPANY):
            db.write({"consumer": "one"}, ADD)
            db.write({"consumer": "two"}, ADD)
        assert len(executed) == 2
        assert heard() == ["one", "two"]

    @pytest.mark.usefixtures("heard")
    def test_is_done_before_anybody_looks(self):
        with db.lean_transaction(COMPANY):
            db.write({"consumer": "one"}, ADD)
            assert db.run("SELECT count(*) FROM inbox", {}).fetchone() == (1,)
            db.write({"consumer": "two"}, ADD)
            assert db.session().scalar(text("SELECT count(*) FROM inbox")) == 2

    def test_writes_nothing_when_the_code_fails(self, heard):
        with pytest.raises(KeyError), db.lean_transaction(COMPANY):
            db.write({"consumer": "one"}, ADD)
            raise KeyError
        assert heard() == []


class TestAServerThatBecomesReadOnly:
    def test_is_left_by_the_connection_that_finds_out(self, heard):
        with db.lean_transaction(COMPANY):
            db.run("SET default_transaction_read_only = on", {})  # as a pooler's server that was demoted
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction) as refused, db.lean_transaction(COMPANY):
            db.run(ADD, {"consumer": "lost"})
        assert db.is_outage(refused.value)
        with db.lean_transaction(COMPANY):
            db.run(ADD, {"consumer": "afterwards"})
        assert heard() == ["afterwards"]

    def test_is_left_by_a_session_that_finds_out(self, heard):
        with db.lean_transaction(COMPANY):
            db.run("SET default_transaction_read_only = on", {})
        with pytest.raises(InternalError) as refused, db.transaction(COMPANY) as session:
            session.execute(text("DELETE FROM inbox"))
        assert db.is_outage(refused.value)
        with db.lean_transaction(COMPANY):
            db.run(ADD, {"consumer": "afterwards"})
        assert heard() == ["afterwards"]

    def test_is_not_connected_to(self, database):
        db.app_engine().dispose()
        with psycopg.connect(database, autocommit=True) as owner:
            name = owner.info.dbname
            owner.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            try:
                with pytest.raises(OperationalError, match="read-only") as refused, db.lean_transaction(COMPANY):
                    pytest.fail("it is read-only")
            finally:
                owner.execute("SET default_transaction_read_only = off")
                owner.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        assert db.is_outage(refused.value)
        with db.lean_transaction(COMPANY):
            assert db.run("SELECT 1", {}).fetchone() == (1,)
