"""How often one may ask: each user or API key, each company, and each address that does not say who it is.

While the store is down nobody is limited: answering too many is better than answering none.
"""

import ipaddress
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from http import HTTPStatus
from uuid import UUID

import redis
import structlog
from flask import Flask, Response, g, request
from prometheus_client import Counter, Gauge

from api import errors
from api.access import ANYBODY, who_may
from api.windows import SPAN, Taken, Window, take
from domain.companies import limits as plan_limits
from domain.companies import queries as companies
from kit import clock, db
from kit.config import settings
from kit.errors import TooManyRequests
from kit.tenancy import Tenant

log = structlog.get_logger()

UNLIMITED = frozenset({"operating.is_alive", "operating.is_ready", "operating.metrics"})
"""Asked by machines of ours, at their own pace."""
GUESSABLE = "/api/auth/"
ASK_AGAIN = 5.0
"""Seconds before a store that did not answer is asked again."""
PLAN_LASTS = 60.0
"""Seconds for which a process goes by a company's plan before it looks again: one statement a minute and company."""
DOWN = Gauge(
    "orderx_rate_limiter_down",
    "1 while Valkey does not answer and no rate limit applies",
    multiprocess_mode="livemax",
)
UNCOUNTED = Counter("orderx_rate_limiter_bypassed_requests", "Requests let through while Valkey does not answer")


class RateLimited(TooManyRequests):
    """Too many requests within one minute."""

    code = "rate_limited"


def guard_strangers(app: Flask) -> None:
    """Count whoever does not say who they are, before anything is done for them. Comes before access.guard()."""
    app.after_request(_tell)
    app.before_request(_limit_strangers)


def guard_callers(app: Flask) -> None:
    """Count whoever has said who they are. Comes after access.guard()."""
    app.before_request(_limit_callers)


def _limit_strangers() -> None:
    is_public = request.endpoint is None or who_may(request.endpoint) == ANYBODY
    if request.endpoint not in UNLIMITED and (is_public or "Authorization" not in request.headers):
        _limit(_windows_of_address())


def _limit_callers() -> None:
    caller, limits = g.get("caller"), settings()
    if caller is not None and limits.rate_limit_url is not None:
        windows = [Window("caller", str(caller.user_id), limits.rate_limit_caller)]
        if caller.company_id:
            by_plan = _by_plan(caller.company_id, turn=int(time.monotonic() // PLAN_LASTS))
            most = min(limits.rate_limit_company, by_plan or limits.rate_limit_company)
            windows.append(Window("company", str(caller.company_id), most))
        _limit(windows)


@lru_cache(maxsize=10_000)
def _by_plan(company_id: UUID, *, turn: int) -> int | None:  # noqa: ARG001 - asked again with every turn
    """Requests a minute that the company's plan allows, None: no limit."""
    with db.transaction(Tenant(company_id=company_id)):
        company = companies.the_company(company_id=company_id)
    return plan_limits.current_plan(company, now=clock.now()).requests_a_minute


def _windows_of_address() -> list[Window]:
    address, limits = neighbourhood(request.remote_addr or ""), settings()
    windows = [Window("address", address, limits.rate_limit_address)]
    if request.path.startswith(GUESSABLE):
        windows.append(Window("auth", address, limits.rate_limit_auth))
    return windows


def neighbourhood(address: str) -> str:
    """The address, or of IPv6 the /64, within which everybody has as many as they like."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if known.version == 4:  # noqa: PLR2004
        return address
    return str(known.ipv4_mapped or ipaddress.ip_network((int(known), 64), strict=False).network_address)


def _limit(windows: Sequence[Window]) -> None:
    """Raise RateLimited when one of the windows is full."""
    g.rate_limits = _taken(windows)
    wait = max((taken.wait for taken in g.rate_limits), default=0)
    if wait:
        raise RateLimited(wait=timedelta(seconds=wait))


_silent_until = 0.0


def _taken(windows: Sequence[Window]) -> list[Taken]:
    """What is left of the windows; nothing to say when nobody is limited, or while the store is down."""
    global _silent_until  # noqa: PLW0603 - of the process: all its threads share the one store
    url = settings().rate_limit_url
    if url is None:
        return []
    if time.monotonic() < _silent_until:
        UNCOUNTED.inc()
        return []
    try:
        taken = take(url.get_secret_value(), windows)
    except redis.RedisError as error:
        _silent_until = time.monotonic() + ASK_AGAIN
        DOWN.set(1)
        UNCOUNTED.inc()
        log.error("rate_limits_down", error=type(error).__name__)  # noqa: TRY400 - the kind says it all
        return []
    DOWN.set(0)
    return taken


def _tell(response: Response) -> Response:
    """Say what is left (draft-ietf-httpapi-ratelimit-headers); and count those whose token was no good, by address."""
    if response.status_code == HTTPStatus.UNAUTHORIZED and "rate_limits" not in g:
        try:
            _limit(_windows_of_address())
        except RateLimited as refusal:
            response = errors.of_ours(refusal)
    taken = g.get("rate_limits")
    if taken:
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{each.window.name}";q={each.window.limit};w={SPAN}' for each in taken
        )
        response.headers["RateLimit"] = ", ".join(
            f'"{each.window.name}";r={each.left};t={each.wait or each.renews}' for each in taken
        )
    return response
