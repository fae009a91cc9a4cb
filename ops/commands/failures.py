"""Errors of a command: one line on stderr, with exit code 1."""

import errno
import os
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

from kit.errors import OrderXError

_CANNOT_LISTEN = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, socket.EAI_NONAME}
_CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def report_in_one_line(run: Callable[[], object]) -> None:
    """Run the command and report its errors; a closed output pipe is not reported."""
    try:
        _run(run)
    except BrokenPipeError:
        _discard_output()
        sys.exit(1)
    except OrderXError as error:
        _exit_with(error.message)
    except Exception as error:
        _exit_if_expected(error)
        raise


def _run(run: Callable[[], object]) -> None:
    try:
        run()
    finally:
        if sys.stdout:
            sys.stdout.flush()  # at exit, Python would print a traceback for a full disk or a closed pipe


def _exit_if_expected(error: Exception) -> None:
    from kit import db  # noqa: PLC0415 - slow to import, and rarely needed

    if db.is_outage(error):
        _exit_with("the database does not answer: " + str(error).strip().splitlines()[0])
    if isinstance(error, OSError):
        if error.filename:
            _exit_with(f"{error.filename}: {error.strerror}")
        if error.errno in _CANNOT_LISTEN:
            _exit_with(f"cannot listen at this address, use another --host or --port: {error.strerror}")
        if error.errno in _CANNOT_WRITE:
            _discard_output()
            _exit_with(f"cannot write: {error.strerror}")


def _exit_with(reason: str) -> NoReturn:
    print(f"orderx: {reason}", file=sys.stderr)
    sys.exit(1)


def _discard_output() -> None:
    """Redirect stdout to /dev/null, or Python tries again to write the buffered rest when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
