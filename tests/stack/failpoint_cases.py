"""For each failpoint: how an order comes to pass it, and how the order ends after the crash."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import psycopg
from kombu import Connection

from domain.areas import AREAS
from kit.process import failpoints
from ops.services.process import Process
from tests.guards.failpoints import CALLING, FUNCTIONS
from tests.stack.failpoints import Failpoints, order, until_answered
from tests.stack.shop import DECLINED, EXPIRING, SLOW, Shop
from tests.waiting import until
from workers import queues

ON_HAND = 3


@dataclass(frozen=True)
class FailpointCase:
    """`trigger` makes one order of `shop` pass a point; then its expected status and the units sold."""

    trigger: Callable[[Failpoints, Shop, str], None]
    final_status: str
    sold: int = 0


def _order(**fields: object) -> Callable[[Failpoints, Shop, str], None]:
    def trigger(points: Failpoints, shop: Shop, point: str) -> None:
        points.arm(point)
        order(shop, str(uuid4()), **fields)
        points.wait_for_hit(point)

    return trigger


def _cancel_when_paid(points: Failpoints, shop: Shop, point: str) -> None:
    order_id = order(shop, str(uuid4()), wait=20)
    points.arm(point)
    cancel = ("POST", f"/orders/{order_id}/cancel", {"reason": "by mistake"}, shop.customer)
    until_answered(lambda: shop.request(*cancel))
    points.wait_for_hit(point)


def _cancel_during_the_capture(points: Failpoints, shop: Shop, point: str) -> None:
    """Cancel the order while its payment is captured: the refund is queued, and starts when the order is paid."""
    capturing = "step.called:capture_payment"
    points.arm(capturing, signal.SIGSTOP)
    order_id = order(shop, str(uuid4()))
    points.wait_for_hit(capturing)
    frozen = points.frozen()
    points.arm(point)
    cancel = ("POST", f"/orders/{order_id}/cancel", {"reason": "by mistake"}, shop.customer)
    try:
        until_answered(lambda: shop.request(*cancel))
    finally:
        os.killpg(frozen.pid, signal.SIGCONT)
    points.wait_for_hit(point)


def _lose_the_messages(points: Failpoints, shop: Shop, point: str) -> None:
    """Delete the confirmed messages from the broker, so that only the journal has the order."""
    points.arm(point)
    workers = [process for process in points.stack.processes if process.name.startswith("worker-orders")]
    _without(workers, lambda: (order(shop, str(uuid4())), _drop_tasks(points)))
    points.wait_for_hit(point)


def _without(processes: list[Process], act: Callable[[], object]) -> None:
    for process in processes:
        process.stop()
    try:
        act()
    finally:
        for process in processes:
            process.start()


def _drop_tasks(points: Failpoints) -> None:
    with Connection(points.stack.env["ORDERX_BROKER_URL"]) as connection, connection.channel() as channel:
        waiting = [queue(channel) for queue in queues.TASK_QUEUES]
        until(lambda: sum(queue.purge() for queue in waiting), "no task has come to the broker")
        until(lambda: not any(queue.purge() for queue in waiting), "tasks keep coming")


def _lose_the_messages_of_a_saga_that_cannot_be_moved(points: Failpoints, shop: Shop, point: str) -> None:
    """Corrupt the saga's journal, so that the sweeper counts faults until it is repaired."""
    corrupt = "UPDATE saga_steps SET stage = stage + 7 WHERE position = 0"
    repair = "UPDATE saga_steps SET stage = stage - 7 WHERE stage >= 7"
    points.arm(point)
    workers = [process for process in points.stack.processes if process.name.startswith("worker-orders")]
    with psycopg.connect(points.stack.env["ORDERX_OWNER_DATABASE_URL"], autocommit=True) as owner:

        def act() -> None:
            order_id = order(shop, str(uuid4()))
            _drop_tasks(points)
            owner.execute(f"{corrupt} AND saga_id IN (SELECT id FROM sagas WHERE subject_id = %s)", [order_id])
            points.wait_for_hit(point)
            owner.execute(repair)

        _without(workers, act)


def _start_a_saga_of_another_release(points: Failpoints, shop: Shop, point: str) -> None:
    """Give the saga a version that no worker knows, until a worker has put its task back into the outbox."""
    points.arm(point)
    workers = [process for process in points.stack.processes if process.name.startswith("worker-orders")]
    with psycopg.connect(points.stack.env["ORDERX_OWNER_DATABASE_URL"], autocommit=True) as owner:

        def act() -> None:
            order_id = order(shop, str(uuid4()))
            owner.execute("UPDATE sagas SET version = 99 WHERE subject_id = %s", [order_id])

        _without(workers, act)
        points.wait_for_hit(point)
        owner.execute("UPDATE sagas SET version = 1 WHERE version = 99")


def _forget_a_mail(points: Failpoints, shop: Shop, point: str) -> None:
    """Kill the worker after it has claimed the mail and processed the event, so that only the sweeper can send it."""
    points.arm("event.processed")
    points.arm(point)
    order(shop, str(uuid4()))
    points.wait_for_hit("event.processed")
    until(points.restart_dead, "the worker has not died")
    points.wait_for_hit(point)


def _run_a_schedule(points: Failpoints, shop: Shop, point: str) -> None:
    """Make every schedule due. The run that the crash has interrupted is claimed again at once."""
    points.arm(point)
    with psycopg.connect(points.stack.env["ORDERX_OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute("UPDATE schedules SET next_run_at = now() - interval '1 second' WHERE run_id IS NULL")
        points.wait_for_hit(point)
        owner.execute("UPDATE schedules SET lease_until = now() WHERE run_id IS NOT NULL")
    order(shop, str(uuid4()))


def _work_on_a_job(points: Failpoints, shop: Shop, point: str) -> None:
    """Fill the inbox with more expired rows than one batch deletes, so that a job deletes them."""
    points.arm(point)
    with psycopg.connect(points.stack.env["ORDERX_OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute(
            "INSERT INTO inbox (consumer, event_id, processed_at)"
            " SELECT 'a test', lpad(to_hex(n), 32, '0')::uuid, '2001-01-01' FROM generate_series(1, 5000) AS n"
        )
        owner.execute(
            "UPDATE schedules SET next_run_at = now() - interval '1 second'"
            " WHERE name = 'delete_expired_rows' AND run_id IS NULL"
        )
        points.wait_for_hit(point)
    order(shop, str(uuid4()))


PAID = FailpointCase(_order(), "paid", sold=1)
CARD_DECLINED = FailpointCase(_order(card=DECLINED), "failed")
OUT_OF_STOCK = FailpointCase(_order(quantity=ON_HAND + 1), "failed")
ANSWERED_SLOWLY = FailpointCase(_order(card=SLOW), "paid", sold=1)
HOLD_EXPIRED = FailpointCase(_order(card=EXPIRING), "failed")
CANCELLED_LATE = FailpointCase(_cancel_during_the_capture, "cancelled")
CANCELLED = FailpointCase(_cancel_when_paid, "cancelled")
STRANDED = FailpointCase(_lose_the_messages, "paid", sold=1)
UNMOVABLE = FailpointCase(_lose_the_messages_of_a_saga_that_cannot_be_moved, "paid", sold=1)
OTHER_RELEASE = FailpointCase(_start_a_saga_of_another_release, "paid", sold=1)
SCHEDULE_RUN = FailpointCase(_run_a_schedule, "paid", sold=1)
JOB = FailpointCase(_work_on_a_job, "paid", sold=1)
MAIL_FORGOTTEN = FailpointCase(_forget_a_mail, "paid", sold=1)


def _of_areas() -> dict[str, FailpointCase]:
    """The cases of the steps that no order takes: CASES in `tests/stack/<area>/failpoint_cases.py`, by step or undo."""
    cases: dict[str, FailpointCase] = {}
    for area in AREAS:
        if (Path(__file__).parent / area / "failpoint_cases.py").exists():
            cases |= import_module(f"tests.stack.{area}.failpoint_cases").CASES
    return cases


BY_ACT = {
    "reserve_stock": PAID,
    "release_stock": CARD_DECLINED,
    "authorise_payment": PAID,
    "void_payment": OUT_OF_STOCK,
    "capture_payment": PAID,
    "refund_payment": HOLD_EXPIRED,
    "commit_stock": PAID,
    "email_customer": PAID,
    "refund_order": CANCELLED,
    "take_back_stock": CANCELLED,
    **_of_areas(),
}

FAILPOINT_CASES: dict[str, FailpointCase] = {
    "order.tokenised": PAID,
    "order.placed": PAID,
    "order.cancellation_requested": CANCELLED,
    "outbox.taken": PAID,
    "outbox.half_published": PAID,
    "outbox.published": PAID,
    "outbox.confirmed": PAID,
    "outbox.emptied": PAID,
    "task.delivered": PAID,
    "task.put_back": OTHER_RELEASE,
    "call.under_way": ANSWERED_SLOWLY,
    "event.processed": PAID,
    "job.moved": JOB,
    "mail.claimed": MAIL_FORGOTTEN,
    "mail.accepted": PAID,
    "mail.recorded": PAID,
    "saga.dequeued": CANCELLED_LATE,
    "saga.fault_counted": UNMOVABLE,
    "saga.queued": CANCELLED_LATE,
    "schedule.claiming": SCHEDULE_RUN,
    "schedule.claimed": SCHEDULE_RUN,
    "schedule.started": SCHEDULE_RUN,
    "schedule.acted": SCHEDULE_RUN,
    "sweep.found": STRANDED,
    "sweep.resent": STRANDED,
    **{failpoints.name("step.answered", act.__name__): BY_ACT[act.__name__] for act in FUNCTIONS},
    **{
        failpoints.name(window, act.__name__): BY_ACT[act.__name__]
        for window in ("step.begun", "step.called")
        for act in CALLING
    },
}

KILLS_AN_API_WORKER = frozenset({*(point for point in FAILPOINT_CASES if point.startswith("order.")), "saga.queued"})
"""Failpoints that API requests pass: gunicorn replaces the worker that dies."""

SENDS_THE_MAIL_TWICE = "mail.accepted"
"""The failpoint at which a mail is sent twice, with one Message-ID (docs/decisions/0009)."""
