"""Celery's result backend, where a chord is joined by the sagas' journal in PostgreSQL.

The step that answers last sends the chord's body through the outbox, in the very transaction that records its answer
(saga/engine/state_machine.py). So there is nothing left to count here, nothing to poll, and nothing that a duplicate,
or a process that dies between two writes, could break.
"""

from typing import Any

from celery import states
from celery.backends.base import BaseBackend, SyncBackendMixin


class ForeignChord(Exception):
    """Only a saga's stage is joined by the journal; for another chord use a result backend that counts."""


class JournalBackend(BaseBackend, SyncBackendMixin):
    """Stores no results: what a step answered is in the journal, by saga and step."""

    supports_native_join = True

    def _store_result(self, _task_id: str, result: Any, *_args: Any, **_kwargs: Any) -> Any:
        return result

    def _get_task_meta_for(self, _task_id: str) -> dict[str, Any]:
        return {"status": states.PENDING, "result": None}

    def on_chord_part_return(self, request: Any, state: str, result: Any, **_kwargs: Any) -> None:
        """Nothing to do: the answer and, if it was the last, the body's message are committed already."""

    def apply_chord(self, *_args: Any, **_kwargs: Any) -> None:
        """Refuse chords that the relay has not made."""
        raise ForeignChord(ForeignChord.__doc__)
