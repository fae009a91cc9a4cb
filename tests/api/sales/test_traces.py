"""The request id and trace of an order are passed on to its saga and its events."""

from uuid import UUID

import psycopg
import pytest

from kit.ids import new_id
from tests.requests import TRACEPARENT


@pytest.fixture
def left_behind(market, order, database):
    """The traceparent of saga and event, and the event's request, of an order that is placed with these headers."""

    def place(headers: dict[str, str]) -> tuple[str, str]:
        answer = market.buyer.post("/api/orders", order, headers=headers)
        assert answer.status_code == 202, answer.json
        with psycopg.connect(database) as connection:
            (traceparent,) = connection.execute("SELECT traceparent FROM sagas").fetchone()
            request_id, trace_of_event = connection.execute(
                "SELECT context ->> 'requestid', context ->> 'traceparent' FROM events WHERE type = 'order.created'"
            ).fetchone()
        assert (request_id, trace_of_event) == (answer.headers["X-Request-ID"], traceparent)
        return traceparent, request_id

    return place


class TestTraceparent:
    def test_of_a_saga_contains_the_request_id(self, left_behind):
        traceparent, request_id = left_behind({})
        assert traceparent.split("-")[1] == UUID(request_id).hex

    def test_of_a_saga_is_taken_from_the_client(self, left_behind):
        given = str(new_id())
        assert left_behind({"traceparent": TRACEPARENT, "X-Request-ID": given}) == (TRACEPARENT, given)

    @pytest.mark.parametrize("broken", [TRACEPARENT.upper(), f"00-{'0' * 32}-00f067aa0ba902b7-01", TRACEPARENT + "-x"])
    def test_of_a_saga_is_generated_when_the_clients_is_malformed(self, left_behind, broken):
        traceparent, request_id = left_behind({"traceparent": broken, "X-Request-ID": "mine"})
        version, trace, span, flags = traceparent.split("-")
        assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")
        assert trace not in broken.lower()
        assert request_id == "mine"
