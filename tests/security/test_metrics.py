"""Metrics of all companies are readable by the operator only."""

import psycopg
import pytest

from kit.ids import new_id
from tests import factories


class TestStranger:
    @pytest.mark.parametrize("token", ["", "for tests alone", "for tests alone, of 32 characters or mor\xe9"])
    def test_reads_nothing(self, api, token):
        answer = api.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json["code"]) == (401, "operator_only")
        assert "orderx_" not in answer.text

    def test_reads_nothing_from_this_machine_through_a_proxy(self, api):
        assert api.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401


class TestUsers:
    def test_read_nothing_whatever_their_role(self, api, database):
        company = factories.make_company()
        super_admin = factories.make_user()
        with psycopg.connect(database) as owner:
            row = [new_id(), super_admin.id]
            owner.execute("INSERT INTO memberships (id, user_id, role) VALUES (%s, %s, 'super_admin')", row)
        users = [factories.make_user(), super_admin, factories.make_member(company, "company_admin")]
        answers = [api.acting_as(user, company if user is not users[0] else None).get("/metrics") for user in users]
        assert [answer.status_code for answer in answers] == [401] * 3
