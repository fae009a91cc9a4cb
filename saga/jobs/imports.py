"""The job of the area imports: reads a file, checks its rows and writes them."""

from datetime import datetime
from uuid import UUID

from domain.imports import applying, queries, staging, uploads
from domain.imports.applying import REPORT_COLUMNS
from domain.imports.declarations import ImportKind, Problem, kinds
from domain.imports.models import Import
from kit import db
from kit.db.savepoints import undoing
from kit.jobs import Call, Progress, job, results, rows
from kit.tabular.records import UnreadableFile


@job
def run_import(call: Call) -> Progress:
    """Go on with an import: read its file, apply its rows, and delete them.

    An import of all rows or none is applied as a dry run first, and then in one transaction.
    """
    running = queries.the_import(import_id=UUID(call.arguments["import_id"]))
    kind = kinds()[running.kind]
    match call.position.get("phase", "read"):
        case "read":
            return _read(call, running, kind)
        case "apply":
            return _apply(call, running, kind)
        case "write_all":
            return _write_all(call, running, kind)
        case _:
            return Progress({"phase": "clean"} if applying.delete_next_rows(running.id) else None)


def start_import(*, import_id: UUID, company_id: UUID, now: datetime) -> Import:
    """Start an import whose file is uploaded, unless it has started already.

    Raises ImportNotFound, and ImportIncomplete if parts of the file are missing.
    """
    running = queries.the_import(import_id=import_id, lock=True)
    if running.state == "uploading":
        job_id = rows.start(run_import, now=now, company_id=company_id, arguments={"import_id": str(import_id)})
        assert job_id
        uploads.close(import_id=import_id, job_id=job_id)
    return running


def _read(call: Call, running: Import, kind: ImportKind) -> Progress:
    position = call.position.get("file", {})
    if not position:
        _report(call, running, part=0, content=f"{','.join(REPORT_COLUMNS)}\r\n")
    try:
        following = staging.read_next(running, kind, position)
    except UnreadableFile as error:
        return _refuse(call, running, f"Line {error.line}: {error.problem}")
    return Progress({"file": following} if following else {"phase": "apply"})


def _apply(call: Call, running: Import, kind: ImportKind) -> Progress:
    is_check = running.policy == "all_or_nothing" or running.dry_run
    after, part = call.position.get("after", 0), call.position.get("part", 1)
    applied = applying.apply_next(running, kind, after=after, now=call.now, dry_run=is_check)
    if applied:
        _report(call, running, part=part, content=applying.report_lines(applied.problems))
        return Progress({"phase": "apply", "after": applied.last_line, "part": part + 1}, items=applied.rows)
    if running.policy == "all_or_nothing" and running.failed:
        return _refuse(call, running, "Some rows are wrong, so nothing was written: see the errors.")
    if is_check and not running.dry_run:
        return Progress({"phase": "write_all", "part": part})
    return _end(call, running, "succeeded")


class _RowsFailed(Exception):
    """Rows failed that were right when they were checked."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__()


def _write_all(call: Call, running: Import, kind: ImportKind) -> Progress:
    """Write all rows in this transaction, or none if a row fails now, because data have changed since the check."""
    try:
        with undoing(_RowsFailed):
            _write_rows(call, running, kind)
    except _RowsFailed as error:
        db.session().refresh(running)
        running.failed = len({problem.line for problem in error.problems})
        _report(call, running, part=call.position["part"], content=applying.report_lines(error.problems))
        return _refuse(call, running, "Data have changed since the check, so nothing was written: see the errors.")
    return _end(call, running, "succeeded")


def _write_rows(call: Call, running: Import, kind: ImportKind) -> None:
    running.created = running.updated = running.unchanged = 0
    after, problems = 0, []
    while applied := applying.apply_next(running, kind, after=after, now=call.now, dry_run=False):
        after = applied.last_line
        problems += applied.problems
    if problems:
        raise _RowsFailed(problems)


def _report(call: Call, running: Import, *, part: int, content: str) -> None:
    if content:
        results.add(job_id=call.job_id, company_id=running.company_id, part=part, content=content)


def _refuse(call: Call, running: Import, problem: str) -> Progress:
    running.problem = problem
    return _end(call, running, "refused")


def _end(call: Call, running: Import, state: str) -> Progress:
    running.state, running.ended_at = state, call.now
    return Progress({"phase": "clean"})
