"""How every process logs: one JSON object per line on standard output."""

import structlog

from kit.config import settings


def configure() -> None:
    """Log from ORDERX_LOG_LEVEL upwards, each line with its level and its time (UTC)."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings().log_level),
    )
