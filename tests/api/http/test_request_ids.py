"""Request ids."""

from uuid import UUID

import psycopg
import pytest

from tests.requests import TRACEPARENT


@pytest.fixture
def id_given(api):
    """What a request's id is, by its answer, when it is sent with this one."""

    def ask(given: str) -> str:
        answer = api.get("/api/me", headers={"X-Request-ID": given})
        assert answer.json["request_id"] == answer.headers["X-Request-ID"]
        return answer.headers["X-Request-ID"]

    return ask


class TestRequestId:
    @pytest.mark.parametrize(
        "given",
        ["01a1fb04-68f8-74ba-957c-5e10740ca4c4", "1", "edge/7:ab.c", "01HV2D6PAKQ3", "4242424242424241", "x" * 40],
    )
    def test_is_taken_from_the_client(self, id_given, given):
        assert id_given(given) == given

    @pytest.mark.parametrize(
        "given",
        [
            "", "x" * 41, "two words", "tab\there", "é",
            "4242424242424242", "card-4242-4242.4242_4242", "4242/4242:4242--4242",
        ],
    )  # fmt: skip
    def test_is_generated_when_the_clients_is_malformed_or_may_be_a_card(self, id_given, given):
        assert UUID(id_given(given)).version == 7

    def test_is_the_instance_of_a_problem(self, api):
        answer = api.get("/api/me", headers={"X-Request-ID": "a/b?c"})
        assert answer.json["instance"] == "/requests/a%2Fb%3Fc"

    def test_is_in_all_responses(self, api):
        assert api.get("/healthz", headers={"X-Request-ID": "mine"}).headers["X-Request-ID"] == "mine"

    def test_is_in_all_messages_of_the_request(self, api, database):
        ada = {"email": "ada@customers.example", "name": "Ada", "password": "correct horse battery staple"}
        answer = api.post("/api/auth/register", ada, headers={"traceparent": TRACEPARENT})
        assert answer.status_code == 202, answer.json
        with psycopg.connect(database) as owner:
            sent = owner.execute("""
                SELECT o.kind, coalesce(o.body->>'requestid', e.context->>'requestid'),
                    coalesce(o.body->>'traceparent', e.context->>'traceparent')
                FROM outbox o LEFT JOIN events e ON o.body->'ids' ? e.id::text ORDER BY o.kind""").fetchall()
        assert sent == [(kind, answer.headers["X-Request-ID"], TRACEPARENT) for kind in ("event", "task")]
