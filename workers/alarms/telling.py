"""Telling of alerts: a line in the log at once, and the webhook again and again until it answers with a 2xx.

Whoever claims an alert tells it. If they die with it, another does a little later: at least once, never not at all.
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

MOST = 5
"""Alerts told in one round."""

LONGEST_PAUSE = 300
"""Seconds between two attempts at a webhook that does not answer."""

log = structlog.get_logger()

_UNTOLD = "(told_at IS NULL OR (closed_at IS NOT NULL AND closing_told_at IS NULL))"  # as in alerts_untold_idx
_CLAIM = f"""
    UPDATE alerts SET tell_at = now() + interval '15 seconds', attempts = attempts + 1
    WHERE id = (
        SELECT id FROM alerts WHERE {_UNTOLD} AND tell_at <= now()
        ORDER BY tell_at, opened_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, kind, key, detail, opened_at, CASE WHEN told_at IS NOT NULL THEN closed_at END, attempts
    """  # noqa: S608 - a constant of ours
_TOLD = """
    UPDATE alerts SET
        told_at = coalesce(told_at, now()),
        closing_told_at = CASE WHEN %(closing)s THEN coalesce(closing_told_at, now()) ELSE closing_told_at END,
        tell_at = now(), attempts = 0
    WHERE id = %(id)s"""
_AGAIN = "UPDATE alerts SET tell_at = now() + make_interval(secs => %(pause)s) WHERE id = %(id)s"


@dataclass(frozen=True, slots=True)
class News:
    """An alert that has opened or, with `closed_at`, closed. `attempts` to tell of it, this one included."""

    id: UUID
    kind: str
    key: str
    detail: Json
    opened_at: datetime
    closed_at: datetime | None
    attempts: int

    @property
    def event(self) -> str:
        """What has happened to the alert."""
        return "alert_closed" if self.closed_at else "alert_opened"

    def body(self) -> bytes:
        """The same, as the webhook gets it."""
        told: dict[str, Any] = {
            "id": self.id, "event": self.event, "kind": self.kind, "key": self.key, "detail": self.detail,
            "opened_at": self.opened_at.isoformat(),
            "closed_at": self.closed_at.isoformat() if self.closed_at else None,
        }  # fmt: skip
        return json.dumps(told, default=str).encode()


class Webhook:
    """Where alerts are posted to.

    The header OrderX-Signature holds `t=<unix seconds>,v1=<hex>`: the HMAC-SHA256 of `<t>.<body>` under the secret.
    """

    def __init__(self, url: str, secret: str) -> None:
        self._url, self._secret = url, secret.encode()
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=3), retries=False)

    def post(self, news: News) -> str | None:
        """Post it; what went wrong, if anything did."""
        body, now = news.body(), int(time.time())
        signature = hmac.new(self._secret, b"%d.%s" % (now, body), hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "OrderX-Signature": f"t={now},v1={signature}"}
        try:
            answer = self._http.request("POST", self._url, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return type(error).__name__  # its text holds the address, which may hold a secret
        heard = HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
        return None if heard else f"status {answer.status}"


def tell(webhook: Webhook | None) -> None:
    """Tell of a few alerts; without a webhook the log is who hears of them. Stops at the first that is not heard."""
    for _ in range(MOST):
        news = _claim()
        if news is None:
            return
        problem = webhook.post(news) if webhook else None
        if problem:
            log.warning("alert_not_told", alert=str(news.id), attempts=news.attempts, reason=problem)
            _note(_AGAIN, id=news.id, pause=min(2 ** min(news.attempts, 20), LONGEST_PAUSE))
            return
        _note(_TOLD, id=news.id, closing=news.closed_at is not None)


def _claim() -> News | None:
    with db.operator_transaction():
        row = db.run(_CLAIM, {}).fetchone()
        if row is None:
            return None
        news = News(*row)
        if news.attempts == 1:  # said before the claim is sure: rather twice than never
            say = log.info if news.closed_at else log.error
            say(news.event, alert=str(news.id), kind=news.kind, key=news.key, detail=news.detail)
        return news


def _note(statement: str, **values: Any) -> None:
    with db.operator_transaction():
        db.run(statement, values)
