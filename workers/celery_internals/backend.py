"""Celery's result backend: the saga journal in PostgreSQL joins the chords.

The transaction that records the last answer of a stage also writes the chord's body to the outbox
(saga/engine/state_machine.py). So the backend counts nothing and polls nothing, and neither a duplicate message nor a
process that dies between two writes can break a join.
"""

from typing import Any

from celery import states
from celery.backends.base import BaseBackend, SyncBackendMixin


class UnsupportedChord(Exception):
    """The journal joins the chords of sagas only; use a result backend with counters for any other chord."""


class JournalBackend(BaseBackend, SyncBackendMixin):
    """Stores no results: the journal has each step's answer, by saga and step."""

    supports_native_join = True

    def _store_result(self, _task_id: str, result: Any, *_args: Any, **_kwargs: Any) -> Any:
        return result

    def _get_task_meta_for(self, _task_id: str) -> dict[str, Any]:
        return {"status": states.PENDING, "result": None}

    def on_chord_part_return(self, request: Any, state: str, result: Any, **_kwargs: Any) -> None:
        """Do nothing: the answer, and the body's message if it was the last answer, are committed already."""

    def apply_chord(self, *_args: Any, **_kwargs: Any) -> None:
        """Refuse a chord that the relay has not built."""
        raise UnsupportedChord(UnsupportedChord.__doc__)
