"""Account commands of operators: idempotent, recorded with a reason, and reported to the user by mail."""

import getpass
import json

import psycopg
import pyotp
import pytest

from domain.accounts import second_factor
from kit import clock, db
from kit.tenancy import Tenant
from tests import factories

WHY = ["--reason", "passport seen, ticket 17"]


@pytest.fixture
def sql(database):
    with psycopg.connect(database, autocommit=True) as connection:
        yield lambda query, *params: connection.execute(query, params).fetchall()


@pytest.fixture
def user(database):
    """A user with a second factor."""
    user = factories.make_user()
    with db.transaction(Tenant(user_id=user.id)):
        code = pyotp.TOTP(second_factor.start_enrolment(user_id=user.id)).at(clock.now())
        second_factor.confirm_enrolment(user_id=user.id, code=code, now=clock.now())
    return user


def remove(orderx, email, *options):
    return orderx("account", "remove-second-factor", email, *options)


class TestRemoveSecondFactor:
    def test_removes_the_app_and_all_recovery_codes_of_this_user_only(self, orderx, user, sql):
        code, said = remove(orderx, user.email.upper(), *WHY)
        assert (code, user.email in said) == (0, True)
        assert sql("SELECT FROM second_factors") == sql("SELECT FROM recovery_codes") == []

    @pytest.mark.parametrize(("options", "by"), [([], getpass.getuser()), (["--by", "grace"], "grace")])
    def test_records_who_and_why(self, orderx, user, sql, options, by):
        remove(orderx, user.email, *WHY, *options)
        recorded = sql("SELECT user_id, action, reason, operator FROM operator_actions")
        assert recorded == [(user.id, "remove_second_factor", WHY[1], by)]

    def test_notifies_the_user(self, orderx, user, sql):
        remove(orderx, user.email, *WHY)
        assert sql("SELECT recipient, template FROM mails") == [(user.email, "second_factor_removed")]

    def test_prints_json(self, orderx, user):
        code, said = remove(orderx, user.email, *WHY, "--by", "grace", "--json")
        assert (code, json.loads(said)) == (
            0, {"user_id": str(user.id), "action": "remove_second_factor", "reason": WHY[1], "by": "grace"},
        )  # fmt: skip

    @pytest.mark.parametrize("options", [[], ["--reason", " "]])
    def test_requires_a_reason(self, orderx, user, sql, options):
        assert remove(orderx, user.email, *options)[0] == 2
        assert len(sql("SELECT FROM second_factors")) == 1

    def test_does_nothing_without_a_second_factor(self, orderx, user, sql):
        other = factories.make_user()
        for email in (other.email, "nobody@customers.example"):
            assert remove(orderx, email, *WHY)[0] == 1
        assert len(sql("SELECT FROM second_factors")) == 1
        assert sql("SELECT FROM operator_actions") == sql("SELECT FROM mails") == []
