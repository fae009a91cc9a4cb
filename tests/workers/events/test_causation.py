"""What a reaction publishes names the event that it has handled, and the first one of the chain."""

from types import SimpleNamespace

import pytest

from kit import db
from kit.ids import new_id
from kit.messaging import causation, kept_events, outbox
from saga.reactions.table import REACTIONS
from tests.workers.events.deliveries import QUEUE, an_event, handled
from workers.outbox import relay

pytestmark = pytest.mark.undeclared_events  # reactions get any


class TestCausation:
    @pytest.fixture
    def caused(self, order, monkeypatch, owner):
        """Process these events with a reaction that publishes `test.ended`; returns the published events."""

        def react(events, now):
            for event in events:
                outbox.publish("test.ended", {}, subject=event.subject, company_id=order.company_id)

        def processed(*events):
            monkeypatch.setitem(REACTIONS[QUEUE], "test.happened", react)
            assert set(handled(*events)) == {"acknowledged"}
            ids = [id_ for (id_,) in owner("SELECT id FROM events WHERE type = 'test.ended' ORDER BY id")]
            with db.operator_transaction():
                return kept_events.read(ids)

        return processed

    def test_names_the_event_that_was_reacted_to(self, order, caused):
        first, second = (an_event(order, "test.happened", subject=new_id()) for _ in range(2))
        events = caused(first, second)
        assert [(event.causation_id, event.correlation_id, event.hops) for event in events] == [
            (first.id, first.id, 1),
            (second.id, second.id, 1),
        ]

    def test_keeps_the_correlation_of_a_chain(self, order, caused):
        origin = new_id()
        event = an_event(order, "test.happened", correlation_id=origin, causation_id=new_id(), hops=2)
        [last] = caused(event)
        assert (last.causation_id, last.correlation_id, last.hops) == (event.id, origin, 3)

    def test_ends_at_the_hop_limit_with_an_alert(self, order, caused, owner, app):
        assert caused(an_event(order, "test.happened", hops=causation.HOP_LIMIT)) == []
        assert owner("SELECT count(*) FROM inbox") == [(1,)]  # the business change stands
        published = []
        publisher = SimpleNamespace(publish=lambda messages: published.extend(messages) or set())
        while relay.drain(app, publisher):
            pass
        assert [message.id for message in published if message.routing_key == "test.ended"] == []
        assert owner("SELECT key, detail->>'hops' FROM alerts WHERE kind = 'event_loop'") == [("test.ended", "9")]
        assert owner("SELECT count(*) FROM outbox") == [(0,)]
