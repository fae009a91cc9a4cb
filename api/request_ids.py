"""What a request is found again by: in its answer, its log lines, the saga it starts and the events it announces."""

import re
from uuid import UUID

from flask import g, request
from stdnum import luhn

from kit.ids import derived_id, new_id

LONGEST = 40
"""Characters: room for a UUID and its like, and less than any token of ours has. What stands in an id is logged."""
_ORDERX = UUID("019aa0d3-5c00-7e31-8f5e-0d5f6a3c2b10")
"""The namespace in which an id that is no UUID gets one."""
_SAMPLED = "01"


def take_or_make() -> None:
    """Take the caller's X-Request-ID, or make one; and its W3C traceparent, or make one of the id."""
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _acceptable(given) else str(new_id())
    parent = request.headers.get("traceparent", "")
    known = re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", parent)
    g.traceparent = parent if known else f"00-{_trace(g.request_id)}-{new_id().hex[16:]}-{_SAMPLED}"


def trace_id() -> str:
    """What the request shares with all that came before it and will come of it (W3C Trace Context)."""
    return str(g.traceparent).split("-")[1]


def _acceptable(given: str) -> bool:
    return len(given) <= LONGEST and bool(re.fullmatch(r"[\x21-\x7e]+", given)) and not _may_be_card(given)


def _may_be_card(given: str) -> bool:
    runs = re.findall(r"\d(?:[^0-9A-Za-z]*\d){11,18}", given)
    return any(luhn.is_valid(re.sub(r"\D", "", run)) for run in runs)


def _trace(request_id: str) -> str:
    """The id itself if it is a UUID, so that whoever has one finds the other."""
    try:
        return UUID(request_id).hex
    except ValueError:
        return derived_id(_ORDERX, request_id).hex
