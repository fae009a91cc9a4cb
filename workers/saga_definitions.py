"""The check, at the start of a process, that open sagas have the definitions of this release."""

import psycopg
import structlog

from kit import db
from kit.errors import NotConfigured
from saga.engine import fingerprints
from saga.registry import SAGAS

log = structlog.get_logger()


def require_unchanged() -> None:
    """Record this release's saga definitions; raises DefinitionChanged when open sagas have others.

    Without an answer from the database the process starts all the same and waits for it: each saga is compared with its
    definition again whenever it is opened. Raises NotConfigured when the database lacks a migration.
    """
    try:
        fingerprints.record(SAGAS)
    except psycopg.errors.UndefinedFunction as missing:
        raise NotConfigured("the database lacks a migration of this release: run `orderx migrate` first") from missing
    except Exception as error:
        if not db.is_outage(error):
            raise
        log.warning("saga definitions not checked: the database does not answer", reason=str(error).strip())
    finally:
        db.app_engine().dispose()  # some processes fork after this
