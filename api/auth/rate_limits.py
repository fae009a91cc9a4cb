"""Rate limits per user or API key, per company, and per network of anonymous clients.

While the store of the limits is down, requests are not limited: an API without limits is better than no API.
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

from api.auth import sliding_window
from api.auth.requirements import PUBLIC, required_permission
from api.auth.sliding_window import WINDOW_SECONDS, Usage, Window
from api.http import errors
from domain.companies import limits as plan_limits
from domain.companies import queries as companies
from kit import clock, db
from kit.config import settings
from kit.errors import TooManyRequests
from kit.tenancy import Tenant

log = structlog.get_logger()

EXEMPT = frozenset({"health.check_liveness", "health.check_readiness", "health.get_metrics"})
"""Endpoints that monitoring calls."""
AUTH_PATHS = "/api/auth/"
"""Paths with a stricter limit, because passwords and tokens can be guessed there."""
STORE_RETRY_INTERVAL = 5.0
"""Seconds without requests to a store that did not answer."""
PLAN_CACHE_SECONDS = 60.0
"""How long a process caches the limit of a company's plan: one statement per minute and company."""
STORE_DOWN = Gauge(
    "orderx_rate_limiter_down",
    "1 while the store of the rate limits is unavailable and requests are not limited",
    multiprocess_mode="livemax",
)
UNLIMITED_REQUESTS = Counter(
    "orderx_rate_limiter_bypassed_requests", "Requests not limited because the store is unavailable"
)


class RateLimited(TooManyRequests):
    """Too many requests within a minute."""

    code = "rate_limited"


def limit_anonymous_requests(app: Flask) -> None:
    """Limit requests without a token by network, before any other work. Call it before requirements.register()."""
    app.after_request(_add_headers)
    app.before_request(_limit_anonymous_request)


def limit_callers(app: Flask) -> None:
    """Limit requests by caller and company. Call it after requirements.register()."""
    app.before_request(_limit_caller)


def _limit_anonymous_request() -> None:
    is_public = request.endpoint is None or required_permission(request.endpoint) == PUBLIC
    if request.endpoint not in EXEMPT and (is_public or "Authorization" not in request.headers):
        _limit(_network_windows())


def _limit_caller() -> None:
    caller, limits = g.get("caller"), settings()
    if caller is not None and limits.rate_limit_url is not None:
        windows = [Window("caller", str(caller.user_id), limits.rate_limit_caller)]
        if caller.company_id:
            plan_limit = _plan_limit(caller.company_id, cache_period=int(time.monotonic() // PLAN_CACHE_SECONDS))
            limit = min(limits.rate_limit_company, plan_limit or limits.rate_limit_company)
            windows.append(Window("company", str(caller.company_id), limit))
        _limit(windows)


@lru_cache(maxsize=10_000)
def _plan_limit(company_id: UUID, *, cache_period: int) -> int | None:  # noqa: ARG001 - a new period reads again
    """Requests per minute that the company's plan allows; None: no limit."""
    with db.transaction(Tenant(company_id=company_id)):
        company = companies.the_company(company_id=company_id)
    return plan_limits.current_plan(company, now=clock.now()).requests_per_minute


def _network_windows() -> list[Window]:
    network, limits = network_of(request.remote_addr or ""), settings()
    windows = [Window("address", network, limits.rate_limit_address)]
    if request.path.startswith(AUTH_PATHS):
        windows.append(Window("auth", network, limits.rate_limit_auth))
    return windows


def network_of(address: str) -> str:
    """An IPv4 address itself; the /64 network of an IPv6 address, because one client has all addresses of it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:  # noqa: PLR2004
        return address
    return str(parsed.ipv4_mapped or ipaddress.ip_network((int(parsed), 64), strict=False).network_address)


def _limit(windows: Sequence[Window]) -> None:
    """Count the request in all windows; raises RateLimited if one of them is full."""
    g.rate_limits = _count(windows)
    wait = max((usage.wait for usage in g.rate_limits), default=0)
    if wait:
        raise RateLimited(wait=timedelta(seconds=wait))


_store_retry_at = 0.0


def _count(windows: Sequence[Window]) -> list[Usage]:
    """The usage of each window; empty if limits are not configured or the store is down."""
    global _store_retry_at  # noqa: PLW0603 - all threads of the process share the store
    url = settings().rate_limit_url
    if url is None:
        return []
    if time.monotonic() < _store_retry_at:
        UNLIMITED_REQUESTS.inc()
        return []
    try:
        usages = sliding_window.count(url.get_secret_value(), windows)
    except redis.RedisError as error:
        _store_retry_at = time.monotonic() + STORE_RETRY_INTERVAL
        STORE_DOWN.set(1)
        UNLIMITED_REQUESTS.inc()
        log.error("rate_limit_store_down", error=type(error).__name__)  # noqa: TRY400 - the type is enough
        return []
    STORE_DOWN.set(0)
    return usages


def _add_headers(response: Response) -> Response:
    """Add RateLimit headers (draft-ietf-httpapi-ratelimit-headers); count requests with invalid tokens by network."""
    if response.status_code == HTTPStatus.UNAUTHORIZED and "rate_limits" not in g:
        try:
            _limit(_network_windows())
        except RateLimited as refusal:
            response = errors.response_to(refusal)
    usages = g.get("rate_limits")
    if usages:
        response.headers["RateLimit-Policy"] = ", ".join(
            f'"{usage.window.name}";q={usage.window.limit};w={WINDOW_SECONDS}' for usage in usages
        )
        response.headers["RateLimit"] = ", ".join(
            f'"{usage.window.name}";r={usage.remaining};t={usage.wait or usage.resets_in}' for usage in usages
        )
    return response
