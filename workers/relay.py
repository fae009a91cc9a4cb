"""The relay: drains the outbox into the broker. Any number may run; each takes rows that no other has."""

import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import Any, NamedTuple

import psycopg
import structlog
from celery import Celery
from psycopg.types.json import Jsonb

from kit import alerts, db
from kit.config import settings
from kit.db import watchdog
from kit.errors import NotConfigured
from kit.messaging import pg_notify
from kit.process import failpoints, gc_tuning, liveness, logs
from workers import durability, queues
from workers.app import create_app
from workers.messages import Message, messages
from workers.poll_position import PollPosition
from workers.publisher import PATIENCE, Publisher

BATCH = 200
LONGEST_PAUSE = 0.5
"""Seconds between two looks at the outbox when nobody calls: what was held back may have come due, and what is merely
announced calls nobody (migrations/versions/0014)."""

LOTS_APART = 0.2
"""Seconds between two lots of what nobody waits for: events, and tasks of queues.UNHURRIED. One that comes alone leaves
at once. Under load the rest of its way (broker, worker, mails) is gone in batches, and orders have the processors."""

LOOK_AROUND_EVERY = 1.0
"""Seconds after which a lane that has nothing to do answers the broker's heartbeats, and sees whether it shall stop."""

log = structlog.get_logger()

# While the broker is waited for, nothing is said to the database; which must not be the first to lose patience.
TAKE = """
    WITH patience AS MATERIALIZED (
        SELECT set_config('idle_in_transaction_session_timeout', %(patience)s, true)
    ), due AS (
        SELECT id FROM outbox
        WHERE available_at <= now()
            AND available_at >= coalesce(now() - make_interval(secs => %(back)s::float), '-infinity')
            AND (%(lot)s OR kind = 'chord' OR kind = 'task' AND body->>'task' NOT LIKE %(lots)s)
        ORDER BY available_at, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
    ), taken AS (
        DELETE FROM outbox WHERE id = ANY(ARRAY(SELECT id FROM due)) RETURNING id, company_id, kind, body, available_at
    )
    SELECT id, company_id, kind, body, extract(epoch FROM now() - available_at)::float
    FROM taken, patience ORDER BY available_at, id"""
_POSTPONE = """
    INSERT INTO outbox (id, company_id, kind, body, available_at) OVERRIDING SYSTEM VALUE
    VALUES (%(id)s, %(company)s, %(kind)s, %(body)s, now() + interval '30 seconds')"""


def drain(
    app: Celery,
    publisher: Publisher,
    taken: Callable[[int, float], None] = lambda _rows, _age: None,
    *,
    lot: bool = True,
    back: float | None = None,
) -> int:
    """Send one batch; how many rows it was. Before they are sent `taken` is told that, and the last one's age.

    Ages are seconds since a row was due. Rows older than `back` are left, if that is given. What nobody waits for is
    among them only where a `lot` of it is due. That they are taken counts only once the broker has all their messages.
    A row that cannot be sent is put off for half a minute, with an alert; it holds up no other.
    """
    with db.operator_transaction():
        asked = {
            "batch": BATCH,
            "lot": lot,
            "lots": f"{queues.UNHURRIED}.%",
            "patience": f"{PATIENCE + 10:.0f}s",
            "back": back,
        }
        rows = db.run(TAKE, asked).fetchall()
        taken(len(rows), rows[-1][-1] if rows else 0.0)
        if not rows:
            return 0
        failpoints.hit("outbox.taken")
        made, unsendable = _messages_of(app, rows)
        lost = publisher.publish([message for each in made.values() for message in each])
        unsendable |= {
            row_id: "no queue takes it" for row_id, each in made.items() if any(message.id in lost for message in each)
        }
        for row in rows:
            if row[0] in unsendable:
                _postpone(row, reason=unsendable[row[0]])
    failpoints.hit("outbox.emptied")
    return len(rows)


def _messages_of(app: Celery, rows: Sequence[tuple[Any, ...]]) -> tuple[dict[int, list[Message]], dict[int, str]]:
    """Each row's messages, and why a row can have none; by the rows' ids."""
    made: dict[int, list[Message]] = {}
    unsendable: dict[int, str] = {}
    for row_id, _, kind, body, _ in rows:
        try:
            made[row_id] = list(messages(app, kind, body))
        except Exception as error:
            log.exception("an outbox row cannot be read", outbox=row_id)
            unsendable[row_id] = f"it cannot be read: {type(error).__name__}"
    return made, unsendable


def _postpone(row: tuple[Any, ...], *, reason: str) -> None:
    row_id, company_id, kind, body, _ = row
    log.error("an outbox row cannot be sent", outbox=row_id, reason=reason)
    db.run(_POSTPONE, {"id": row_id, "company": company_id, "kind": kind, "body": Jsonb(body)})
    alerts.trigger("outbox_overdue", {f"row {row_id}": {"row": row_id, "kind": kind, "reason": reason}})


def run() -> None:
    """Drain the outbox until SIGTERM or SIGINT, waiting out whatever is down meanwhile."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    logs.configure()
    app = create_app()
    settings().require("broker_url")
    settings().require("operator_database_url")
    durability.demand("operator_database_url")
    pg_notify.require_no_pooler("operator_database_url")
    gc_tuning.freeze_before_fork()
    watchdog.start()
    drain_until(stopping, app)


def drain_until(stopping: threading.Event, app: Celery) -> None:
    """Drain in two lanes."""
    with closing(_Turn()) as turn, ThreadPoolExecutor(1) as threads:
        second = threads.submit(_lane, stopping, app, turn)
        _lane(stopping, app, turn)
        second.result()


class _Look(NamedTuple):
    """One look at the outbox: whether a lot is due, how far back to look, and who is to be told what was taken."""

    lot: bool
    back: float | None
    taken: Callable[[int, float], None]


class _Turn:
    """Lets one lane at a time wait for a call and take what is due, while the other sends what it has taken.

    Waiting for the broker's confirms and for COMMIT is most of what a lane does. One call rouses one lane.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: psycopg.Connection | None = None
        self._is_more = False
        self._next_lot = time.monotonic()
        self._left_behind = False
        self._position = PollPosition()

    @contextmanager
    def waited_for(self) -> Iterator[_Look | None]:
        """What to look for; the end of the block passes the turn on, if telling how many rows were taken has not.

        None when the other lane has the turn and has not been called: there is time to look after other things.
        """
        if not self._lock.acquire(timeout=LOOK_AROUND_EVERY):
            yield None
            return
        with ExitStack() as held:
            held.callback(self._lock.release)
            held.push(self._close_after_failure)
            self._wait_for_a_call()
            begun = time.monotonic()
            lot = begun >= self._next_lot
            back = self._position.seconds_back(now=begun, lot=lot)

            def taken(rows: int, last_age: float) -> None:
                self._is_more, self._left_behind = rows == BATCH, not lot
                now = time.monotonic()
                if lot:
                    age = last_age if self._is_more else 0.0
                    self._position.polled(begun=begun, ended=now, back=back, last_age=age)
                if lot and 0 < rows < BATCH:
                    self._next_lot = now + LOTS_APART
                held.close()

            yield _Look(lot, back, taken)

    def poll_everything(self) -> None:
        """Look at the whole outbox next: a lane has failed, and what it took is there again."""
        self._position.forget()

    def _close_after_failure(self, failure: type[BaseException] | None, *_: object) -> None:
        """Listen anew when the outbox could not be read: its server may be frozen, and another have taken its place."""
        if failure:
            self.close()

    def close(self) -> None:
        """Hear no more calls."""
        if self._calls:
            self._calls.close()
            self._calls = None

    @property
    def _pause(self) -> float:
        until_the_lot = max(0.0, self._next_lot - time.monotonic())
        return min(LONGEST_PAUSE, until_the_lot) if self._left_behind else LONGEST_PAUSE

    def _wait_for_a_call(self) -> None:
        if self._calls is None:
            # It hears of every transaction that adds to the outbox (migrations/versions/0001).
            self._calls = pg_notify.listen(pg_notify.listen_url("operator_database_url"), "orderx_outbox")
        elif not self._is_more and list(self._calls.notifies(timeout=self._pause, stop_after=1)):
            list(self._calls.notifies(timeout=0))  # whoever has called by now is served with the same batch


def _lane(stopping: threading.Event, app: Celery, turn: _Turn) -> None:
    """Drain with connections of one's own. When one lane cannot go on at all, the other ends, too.

    After any trouble with the broker it goes on at the next node.
    """
    nodes = itertools.count()
    try:
        while not stopping.is_set():
            try:
                with Publisher(settings().require("broker_url"), first_node=next(nodes)) as publisher:
                    log.info("the relay runs")
                    while not stopping.is_set():
                        with turn.waited_for() as look:
                            if look:
                                drain(app, publisher, look.taken, lot=look.lot, back=look.back)
                        publisher.keep_alive()
                        liveness.touch()
            except NotConfigured:
                raise
            except Exception as trouble:  # noqa: BLE001 - whatever it is, the outbox keeps everything and we come back
                liveness.touch()
                turn.poll_everything()
                log.warning("the relay waits", reason=str(trouble), error=type(trouble).__name__)
                stopping.wait(1.0)
    finally:
        stopping.set()
