import pytest
from celery import chord

from workers.backend import ForeignChord, JournalBackend


class TestJournalBackend:
    def test_is_the_apps(self, app):
        assert isinstance(app.backend, JournalBackend)

    def test_keeps_no_failure(self, app):
        app.backend.mark_as_failure("a task", ValueError("no"))
        assert app.AsyncResult("a task").state == "PENDING"

    def test_refuses_a_chord_that_no_saga_would_join(self, app):
        header = [app.signature("inventory.reserve_stock"), app.signature("payments.authorise_payment")]
        with pytest.raises(ForeignChord, match="journal"):
            chord(header, app.signature("saga.advance")).apply_async()
