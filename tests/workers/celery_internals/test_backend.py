import pytest
from celery import chord

from workers.celery_internals.backend import JournalBackend, UnsupportedChord


class TestJournalBackend:
    def test_is_the_backend_of_the_app(self, app):
        assert isinstance(app.backend, JournalBackend)

    def test_keeps_no_failure(self, app):
        app.backend.mark_as_failure("a task", ValueError("no"))
        assert app.AsyncResult("a task").state == "PENDING"

    def test_refuses_a_chord_that_is_no_saga_stage(self, app):
        header = [app.signature("inventory.reserve_stock"), app.signature("payments.authorise_payment")]
        with pytest.raises(UnsupportedChord, match="journal"):
            chord(header, app.signature("saga.advance")).apply_async()
