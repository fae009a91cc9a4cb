"""Request ids and W3C trace contexts: they connect a response, its log lines, its saga and its events."""

import re
from uuid import UUID

from flask import g, request
from stdnum import luhn

from kit.ids import derived_id, new_id
from kit.messaging.origin import begin_trace

MAX_LENGTH = 40
"""Characters: enough for a UUID, and too short for any of our tokens, because ids are logged."""
_NAMESPACE = UUID("019aa0d3-5c00-7e31-8f5e-0d5f6a3c2b10")
"""Namespace of the trace ids derived from request ids that are not UUIDs."""


def assign() -> None:
    """Set the request id and traceparent: from the X-Request-ID and traceparent headers if valid, else new ones."""
    header = request.headers.get("X-Request-ID", "")
    g.request_id = header if _is_acceptable(header) else str(new_id())
    parent = request.headers.get("traceparent", "")
    is_valid = re.fullmatch(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", parent)
    g.traceparent = parent if is_valid else begin_trace(_trace_of(g.request_id))


def _is_acceptable(header: str) -> bool:
    return len(header) <= MAX_LENGTH and bool(re.fullmatch(r"[\x21-\x7e]+", header)) and not _may_be_card(header)


def _may_be_card(text: str) -> bool:
    runs = re.findall(r"\d(?:[^0-9A-Za-z]*\d){11,18}", text)
    return any(luhn.is_valid(re.sub(r"\D", "", run)) for run in runs)


def _trace_of(request_id: str) -> UUID:
    """The request id if that is a UUID, so that both can be found by the same value; else a derived id."""
    try:
        return UUID(request_id)
    except ValueError:
        return derived_id(_NAMESPACE, request_id)
