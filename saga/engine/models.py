"""The tables of the journal: definitions, sagas, steps, their history, signals, incidents and queued sagas."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Json, within_company
from kit.ids import new_id

STATES = ("running", "waiting", "finishing", "done", "compensating", "undone", "stuck")
ENDED = frozenset({"done", "undone"})
OPEN = "ended_at IS NULL"
"""The SQL condition for sagas that have not ended, stuck ones included."""


class DefinitionRow(Base):
    """The definition that open sagas of this name and version started with (saga/engine/fingerprints.py)."""

    __tablename__ = "saga_definitions"

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fingerprint: Mapped[str]
    definition: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class SagaRow(Base):
    """One saga.

    The states are running → finishing → done when it succeeds, and running → compensating → undone when it fails. A
    running saga that awaits a signal is `waiting`. A saga that has not ended may become `stuck`, until an operator acts
    on its incident. `stage` is the index of the current stage. `stop_requested` is the request to cancel, `{"reason",
    "by"}`, which is granted up to the pivot; NULL if nobody has asked. `failure` says why the saga is undone. A saga
    that has not moved by `due_at` (UTC) counts as stalled, and is re-sent; while it is waiting, `due_at` is when the
    wait expires. `traceparent` and `context` are the saga's origin (kit/messaging/origin.py). `returned_tasks` are the
    tasks that workers of another release have put back into the outbox, with the times when they are due again.
    """

    __tablename__ = "sagas"
    __table_args__ = (
        UniqueConstraint("subject_id", "name"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("(ended_at IS NULL) = (state NOT IN ('done', 'undone'))", name="ended"),
        # On the end of a saga, not on its state: so a saga that moves changes no index until it ends.
        Index("sagas_open_idx", "id", postgresql_where=text(OPEN)),
        Index("sagas_ended_idx", "ended_at", "id", postgresql_where=text("ended_at IS NOT NULL")),
        UniqueConstraint("company_id", "id"),
        Index("sagas_target_idx", "target_id", postgresql_where=text("ended_at IS NULL AND target_id IS NOT NULL")),
        Index(None, "tags", postgresql_using="gin", postgresql_ops={"tags": "jsonb_path_ops"}),
        {"postgresql_with": {"fillfactor": "50"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    name: Mapped[str]
    version: Mapped[int]
    subject_id: Mapped[UUID]
    target_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default=text("'running'"))
    stage: Mapped[int] = mapped_column(server_default=text("0"))
    tags: Mapped[Json]
    stop_requested: Mapped[Json | None]
    failure: Mapped[Json | None]
    traceparent: Mapped[str | None]
    context: Mapped[Json | None]
    returned_tasks: Mapped[Json | None]
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class StepRow(Base):
    """One step of one saga, or one wait, under the name of its signal.

    The states are pending → running → done or failed, and undoing → undone when the saga compensates; an operator may
    have a step or an undo `skipped`. In any state but pending the step was begun, so there may be something to undo.
    `attempts` and `undo_attempts` count answers, not begins. `retry_at` (UTC) is when the next attempt is due.

    The states of a wait are pending → waiting → done or expired; it is `skipped` when there is nothing to wait for, and
    `undone` when the saga compensates meanwhile. Its outcome is the signal's payload, which may come before the saga
    reaches the wait.
    """

    __tablename__ = "saga_steps"
    __table_args__ = (
        within_company("saga_id", "sagas", ondelete="CASCADE"),
        CheckConstraint(
            "state IN ('pending', 'running', 'done', 'failed', 'undoing', 'undone', 'skipped', 'waiting', 'expired')",
            name="state",
        ),
        {"postgresql_with": {"fillfactor": "60"}},
    )

    saga_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    company_id: Mapped[UUID]
    position: Mapped[int]
    stage: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    undo_attempts: Mapped[int] = mapped_column(server_default=text("0"))
    outcome: Mapped[Json | None]
    error: Mapped[Json | None]
    retry_at: Mapped[datetime | None]
    begun_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class SagaEvent(Base):
    """A part of a saga's history: all transitions of one transaction as `transitions`, or one as event, step, detail.

    Either `event` or `transitions` is set, never both. `transitions` is a list of `[event, step, detail]`; `step` is
    null for a transition of the saga itself. The database function `saga_history` returns both kinds as one row for
    each transition. Rows are never changed. There is no foreign key: only the holder of the saga's lock writes a row,
    and a check per transaction would find nothing wrong.
    """

    __tablename__ = "saga_events"
    __table_args__ = (CheckConstraint("num_nonnulls(event, transitions) = 1", name="transitions"),)

    saga_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    company_id: Mapped[UUID]
    step: Mapped[str | None]
    event: Mapped[str | None]
    detail: Mapped[Json | None]
    happened_at: Mapped[datetime]
    transitions: Mapped[list[list[Any]] | None] = mapped_column(JSONB)


class QueuedSagaRow(Base):
    """A saga that is to start when the open saga about its target is done: see queued_sagas.py.

    `overdue_since` (UTC) is when that was, if the worker that ended it did not know the queued saga.
    """

    __tablename__ = "queued_sagas"
    __table_args__ = (Index(None, "after_saga_id"), UniqueConstraint("subject_id", "name"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    after_saga_id: Mapped[UUID]
    company_id: Mapped[UUID]
    name: Mapped[str]
    subject_id: Mapped[UUID]
    target_id: Mapped[UUID]
    tags: Mapped[Json]
    traceparent: Mapped[str | None]
    context: Mapped[Json | None]
    queued_at: Mapped[datetime]
    overdue_since: Mapped[datetime | None]


class SignalRow(Base):
    """One signal that came for a saga; append-only.

    At most one row per saga and signal is `accepted`. A later one with another payload is `conflicting`; one that came
    after the wait was over is `late`. Neither has an effect. `reason` is given if an operator sent the signal. As with
    events, there is no foreign key.
    """

    __tablename__ = "saga_signals"
    __table_args__ = (
        CheckConstraint("result IN ('accepted', 'conflicting', 'late')", name="result"),
        Index(
            "saga_signals_accepted_idx",
            "saga_id",
            "signal",
            unique=True,
            postgresql_where=text("result = 'accepted'"),
        ),
    )

    saga_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    company_id: Mapped[UUID]
    signal: Mapped[str]
    payload: Mapped[Json]
    result: Mapped[str]
    sent_by: Mapped[str]
    reason: Mapped[str | None]
    received_at: Mapped[datetime]


class Incident(Base):
    """Why a saga is stuck: in a step or an undo without attempts left, in an expired wait, or after repeated faults.

    `phase` is the state to which the saga returns when an operator acts.
    """

    __tablename__ = "incidents"
    __table_args__ = (
        within_company("saga_id", "sagas", ondelete="CASCADE"),
        CheckConstraint("phase IN ('running', 'finishing', 'compensating')", name="phase"),
        Index("incidents_open_idx", "saga_id", "step", unique=True, postgresql_where=text("resolved_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    saga_id: Mapped[UUID]
    company_id: Mapped[UUID]
    step: Mapped[str]
    phase: Mapped[str]
    error: Mapped[Json]
    attempts: Mapped[int]
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[Json | None]
