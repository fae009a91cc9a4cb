"""How every process logs: one JSON object per line on standard output."""

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

_requests: ContextVar[Mapping[str, str]] = ContextVar("requests", default=MappingProxyType({}))


def configure() -> None:
    """Log from ORDERX_LOG_LEVEL upwards, each line with its level and its time (UTC)."""
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Output())),
        processors=[*_line(), structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(settings().log_level),
    )


@contextmanager
def on_standard_error() -> Iterator[None]:
    """Log there in this block: standard output is for what a command answers."""
    before = structlog.get_config()
    configure()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Output("stderr"))))
    try:
        yield
    finally:
        structlog.configure(**before)


def configure_libraries() -> None:
    """Have what libraries tell Python's own logging come as such lines, too."""
    handler = logging.StreamHandler(_Output())
    as_json: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer(),
    ]  # fmt: skip
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=as_json, foreign_pre_chain=_line()))
    logging.basicConfig(handlers=[handler], level=settings().log_level, force=True)
    logging.captureWarnings(capture=True)


class _Output(TextIOBase):
    """Standard output or error; what it does not take, as on a full disk, is lost, and not the work that is logged."""

    def __init__(self, name: Literal["stdout", "stderr"] = "stdout") -> None:
        self._name = name

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError):
            getattr(sys, self._name).write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError):
            getattr(sys, self._name).flush()


def _line() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_errors_without_their_messages,
    ]


def request_id(subject: UUID | str | None = None) -> str | None:
    """The id of the request that what is done now about this subject (an order, say) came of, if of one."""
    known: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return known or _requests.get().get(str(subject))


@contextmanager
def requests_of(requests: Mapping[str, str]) -> Iterator[None]:
    """Know in this block which request led to what is done about each of several subjects (by their ids)."""
    token = _requests.set(requests)
    try:
        yield
    finally:
        _requests.reset(token)


def _tell_errors_without_their_messages(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Put `exc_info`, an exception, as kinds and places: its message may repeat what somebody sent."""
    error, told = line.pop("exc_info", None), []
    if error is True:  # as log.exception() says it
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):  # as Python's own logging does
        error = error[1]
    while isinstance(error, BaseException):
        told.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__)
        error = error.__cause__ or error.__context__
    if told:
        line["exception"] = "\nwhich came of\n".join(told)
    return line
