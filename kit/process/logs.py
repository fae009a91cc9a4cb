"""Logging of all processes: one JSON object per line on standard output."""

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from io import TextIOBase
from types import MappingProxyType
from typing import Literal, TextIO, cast
from uuid import UUID

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from kit.config import settings

_request_ids: ContextVar[Mapping[str, str]] = ContextVar("request_ids", default=MappingProxyType({}))


def configure() -> None:
    """Configure structlog: lines of ORDERX_LOG_LEVEL and above, with level and timestamp (UTC)."""
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Output())),
        processors=[*_processors(), structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(settings().log_level),
    )


@contextmanager
def to_stderr() -> Iterator[None]:
    """Log to standard error within the block, for commands whose result goes to standard output."""
    before = structlog.get_config()
    configure()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Output("stderr"))))
    try:
        yield
    finally:
        structlog.configure(**before)


def configure_stdlib() -> None:
    """Log records of Python's logging module, which libraries use, as the same JSON lines."""
    handler = logging.StreamHandler(_Output())
    as_json: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer(),
    ]  # fmt: skip
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=as_json, foreign_pre_chain=_processors()))
    logging.basicConfig(handlers=[handler], level=settings().log_level, force=True)
    logging.captureWarnings(capture=True)


class _Output(TextIOBase):
    """Standard output or error. A line that cannot be written, to a full disk for example, is dropped silently."""

    def __init__(self, name: Literal["stdout", "stderr"] = "stdout") -> None:
        self._name = name

    def write(self, text: str) -> int:
        """Write the text if possible."""
        with suppress(OSError):
            getattr(sys, self._name).write(text)
        return len(text)

    def flush(self) -> None:
        """Flush if possible."""
        with suppress(OSError):
            getattr(sys, self._name).flush()


def _processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _format_exception,
    ]


def request_id(subject: UUID | str | None = None) -> str | None:
    """The id of the request that caused the current work, or the work on this subject (an order's id), if any."""
    bound: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return bound or _request_ids.get().get(str(subject))


@contextmanager
def bind_request_ids(by_subject: Mapping[str, str]) -> Iterator[None]:
    """Within the block, `request_id(subject)` returns the request id that this mapping has for the subject's id."""
    token = _request_ids.set(by_subject)
    try:
        yield
    finally:
        _request_ids.reset(token)


def _format_exception(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Replace `exc_info` by tracebacks and exception types, without messages: those may contain user input."""
    error, parts = line.pop("exc_info", None), []
    if error is True:  # from log.exception()
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):  # from the logging module
        error = error[1]
    while isinstance(error, BaseException):
        parts.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__)
        error = error.__cause__ or error.__context__
    if parts:
        line["exception"] = "\ncaused by\n".join(parts)
    return line
