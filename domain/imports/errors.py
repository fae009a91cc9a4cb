"""Errors of imports."""

from kit.errors import Conflict, NotFound


class ImportNotFound(NotFound):
    """There is no such import."""

    code = "import_not_found"


class ImportStarted(Conflict):
    """The import has started: its file can no longer be changed. Create another import."""

    code = "import_started"


class ImportIncomplete(Conflict):
    """Parts of the file are missing: upload them first."""

    code = "import_incomplete"
