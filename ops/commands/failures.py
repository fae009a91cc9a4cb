"""What goes wrong in a command, told in one line on stderr, with exit code 1."""

import errno
import os
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

from kit.errors import OrderXError

_CANNOT_LISTEN = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, socket.EAI_NONAME}
_CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def told_in_one_line(run: Callable[[], object]) -> None:
    """Run the command; nothing is said when nobody reads any more what it prints."""
    try:
        _run(run)
    except BrokenPipeError:
        _discard_output()
        sys.exit(1)
    except OrderXError as error:
        _give_up(error.message)
    except Exception as error:
        _give_up_knowingly(error)
        raise


def _run(run: Callable[[], object]) -> None:
    try:
        run()
    finally:
        if sys.stdout:
            sys.stdout.flush()  # not when Python exits, where a full disk or a closed pipe is a traceback


def _give_up_knowingly(error: Exception) -> None:
    from kit import db  # noqa: PLC0415 - takes long, and is seldom needed

    if db.is_outage(error):
        _give_up("the database does not answer: " + str(error).strip().splitlines()[0])
    if isinstance(error, OSError):
        if error.filename:
            _give_up(f"{error.filename}: {error.strerror}")
        if error.errno in _CANNOT_LISTEN:
            _give_up(f"cannot listen there, take another --host or --port: {error.strerror}")
        if error.errno in _CANNOT_WRITE:
            _discard_output()
            _give_up(f"cannot write: {error.strerror}")


def _give_up(reason: str) -> NoReturn:
    print(f"orderx: {reason}", file=sys.stderr)
    sys.exit(1)


def _discard_output() -> None:
    """Have what could not be written forgotten, or Python tries again when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
