"""Delivers alerts: a log line at once, and a webhook call that is repeated until the answer has a 2xx status.

A sweeper claims an alert before it delivers it. If the sweeper dies meanwhile, another one delivers it later: at least
once.
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import structlog
import urllib3

from kit import db
from kit.db import Json

MAX_PER_ROUND = 5
"""Changes of alerts that are delivered in one round."""

MAX_PAUSE = 300
"""Seconds between two attempts at a webhook that does not answer, at most."""

log = structlog.get_logger()

# As in alerts_undelivered_idx.
_UNDELIVERED = "(delivered_at IS NULL OR (closed_at IS NOT NULL AND closing_delivered_at IS NULL))"
_CLAIM_ALERT = f"""
    UPDATE alerts SET next_delivery_at = now() + interval '15 seconds', attempts = attempts + 1
    WHERE id = (
        SELECT id FROM alerts WHERE {_UNDELIVERED} AND next_delivery_at <= now()
        ORDER BY next_delivery_at, opened_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, kind, key, detail, opened_at, CASE WHEN delivered_at IS NOT NULL THEN closed_at END, attempts
    """  # noqa: S608 - a constant of ours
_MARK_DELIVERED = """
    UPDATE alerts SET
        delivered_at = coalesce(delivered_at, now()),
        closing_delivered_at = coalesce(closing_delivered_at, CASE WHEN %(closing)s THEN now() END),
        next_delivery_at = now(), attempts = 0
    WHERE id = %(id)s"""
_POSTPONE_DELIVERY = "UPDATE alerts SET next_delivery_at = now() + make_interval(secs => %(pause)s) WHERE id = %(id)s"


@dataclass(frozen=True, slots=True)
class AlertChange:
    """An alert was opened or, if `closed_at` is set, closed: the content of one delivery.

    `attempts` counts the attempts to deliver it, the current one included.
    """

    id: UUID
    kind: str
    key: str
    detail: Json
    opened_at: datetime
    closed_at: datetime | None
    attempts: int

    @property
    def event(self) -> str:
        """`alert_opened` or `alert_closed`."""
        return "alert_closed" if self.closed_at else "alert_opened"

    def body(self) -> bytes:
        """The body of the webhook call (JSON)."""
        fields: dict[str, Any] = {
            "id": self.id, "event": self.event, "kind": self.kind, "key": self.key, "detail": self.detail,
            "opened_at": self.opened_at.isoformat(),
            "closed_at": self.closed_at.isoformat() if self.closed_at else None,
        }  # fmt: skip
        return json.dumps(fields, default=str).encode()


class Webhook:
    """The address that alerts are posted to.

    The header OrderX-Signature holds `t=<unix seconds>,v1=<hex>`: the HMAC-SHA256 of `<t>.<body>` under the secret.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._url, self._secret = url, secret.encode()
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=3), retries=False)

    def post(self, change: AlertChange) -> str | None:
        """Post the change. Returns the reason of a failure, or None."""
        body, now = change.body(), int(time.time())
        signature = hmac.new(self._secret, b"%d.%s" % (now, body), hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "OrderX-Signature": f"t={now},v1={signature}"}
        try:
            answer = self._http.request("POST", self._url, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return type(error).__name__  # the error's text contains the URL, which may contain a secret
        is_accepted = HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
        return None if is_accepted else f"status {answer.status}"


def deliver(webhook: Webhook | None) -> None:
    """Deliver a few changes of alerts; without a webhook to the log only. Stops at the first failure."""
    for _ in range(MAX_PER_ROUND):
        change = _claim_alert()
        if change is None:
            return
        failure = webhook.post(change) if webhook else None
        if failure:
            log.warning("alert_not_delivered", alert=str(change.id), attempts=change.attempts, reason=failure)
            _execute(_POSTPONE_DELIVERY, id=change.id, pause=min(2 ** min(change.attempts, 20), MAX_PAUSE))
            return
        _execute(_MARK_DELIVERED, id=change.id, closing=change.closed_at is not None)


def _claim_alert() -> AlertChange | None:
    with db.operator_transaction():
        row = db.run(_CLAIM_ALERT, {}).fetchone()
        if row is None:
            return None
        change = AlertChange(*row)
        if change.attempts == 1:  # logged before the claim is committed: twice is better than never
            write = log.info if change.closed_at else log.error
            write(
                change.event, alert=str(change.id), kind=change.kind, key=change.key,
                detail=change.detail,
            )  # fmt: skip
        return change


def _execute(statement: str, **values: Any) -> None:
    with db.operator_transaction():
        db.run(statement, values)
