"""A timeout of a reaction's statement is a failure of that event, and not an outage to wait out."""

from types import SimpleNamespace

import pytest

from kit import db
from kit.ids import new_id
from saga.reactions.table import REACTIONS
from tests import factories
from tests.workers.events.deliveries import QUEUE, an_event, handled
from workers.events import consumer

pytestmark = pytest.mark.undeclared_events


@pytest.fixture
def events(database):
    """Three events of a company."""
    about = SimpleNamespace(id=new_id(), company_id=factories.make_company().id)
    return [an_event(about, "test.happened", subject=new_id()) for _ in range(3)]


@pytest.fixture
def sizes(events, monkeypatch):
    """The sizes of the batches of a reaction that runs into a timeout with the second event."""
    sizes = []

    def react(batch, now):
        sizes.append(len(batch))
        if events[1] in batch:
            error = "lock_not_available" if len(batch) > 1 else "query_canceled"
            db.run(f"DO $$ BEGIN RAISE {error}; END $$", {})

    monkeypatch.setitem(REACTIONS[QUEUE], "test.happened", react)
    return sizes


class TestATimeout:
    def test_is_a_failure_of_that_event_alone(self, events, sizes):
        assert handled(*events) == ["acknowledged", "requeued", "acknowledged"]
        assert sizes == [3, 1, 1, 1]

    def test_leaves_the_rest_of_the_batch_to_the_broker_after_minutes(self, events, sizes, monkeypatch):
        monkeypatch.setattr(consumer, "ONE_BY_ONE_SECONDS", 0)
        assert handled(*events) == ["requeued"] * 3
        assert sizes == [3]
