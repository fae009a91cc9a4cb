"""Response times do not reveal who is registered: known and unknown addresses cause the same work."""

import argon2
import psycopg
import pytest

from kit import clock
from tests import factories
from tests.retention import delete_expired_rows

WRITING = ("INSERT", "UPDATE", "DELETE", "WITH")
PATHS = {
    "forgot-password": {},
    "register": {"name": "Eve", "password": "the password of a thief"},
    "login": {"password": "a wrong one"},
}


@pytest.fixture
def done(monkeypatch):
    """The operations of a request in order: statements (with their row counts), commits and password hashes."""
    noted = []

    def note(of, method, describe):
        real = getattr(of, method)

        def noting(self, *args, **named):
            try:
                return real(self, *args, **named)
            finally:
                noted.append(describe(self, *args))

        monkeypatch.setattr(of, method, noting)

    def execute(cursor, statement, *_):
        kind = str(statement).split()[0].upper()
        return (kind, cursor.rowcount) if kind in WRITING else (kind,)

    note(psycopg.Cursor, "execute", execute)
    note(psycopg.Connection, "commit", lambda *_: "commit")
    note(argon2.PasswordHasher, "hash", lambda *_: "hash")
    note(argon2.PasswordHasher, "verify", lambda *_: "verify")
    return noted


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("times", [1, 4])
def test_takes_the_same_statements_rows_commits_and_hashes(api, done, path, times):
    work = {}
    api.post("/api/auth/forgot-password", {"email": "first@customers.example"})  # a first request connects
    for email in (factories.make_user().email, "nobody@customers.example"):
        for _ in range(times):  # the fourth mail is not written
            done.clear()
            answer = api.post(f"/api/auth/{path}", {"email": email, **PATHS[path]})
        work[email] = (answer.status_code, *done)
    known, unknown = work.values()
    assert "commit" in known
    assert known == unknown


def test_does_not_change_registered_users(api, database):
    user = factories.make_user()
    whole = "SELECT u::text FROM users u"
    with psycopg.connect(database, autocommit=True) as owner:
        before = owner.execute(whole).fetchall()
        assert api.post("/api/auth/register", {"email": user.email, **PATHS["register"]}).status_code == 202
        assert owner.execute(whole).fetchall() == before


def test_stores_no_unregistered_address(api, database):
    api.post("/api/auth/forgot-password", {"email": "nobody@customers.example"})
    with psycopg.connect(database) as owner:
        assert owner.execute("SELECT count(*) FROM timing_decoys").fetchone() == (2,)
        for table in ("timing_decoys", "outbox", "attempt_counters"):
            assert owner.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%nobody@%'").fetchone() == (0,)


def test_deletes_decoys_within_a_day(api, database):
    api.post("/api/auth/forgot-password", {"email": "nobody@customers.example"})
    with psycopg.connect(database, autocommit=True) as owner:
        delete_expired_rows(now=clock.now())
        assert owner.execute("SELECT count(*) FROM timing_decoys").fetchone() == (2,)
        owner.execute("UPDATE timing_decoys SET created_at = created_at - interval '25 hours'")
        delete_expired_rows(now=clock.now())
        assert owner.execute("SELECT count(*) FROM timing_decoys").fetchone() == (0,)
