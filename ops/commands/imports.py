"""`orderx import`: import a file for a company, with progress."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from ops.commands.output import Json, console, print_json, print_line

if TYPE_CHECKING:
    from domain.imports.models import Import

POLL_INTERVAL = 0.5
"""Seconds between two looks at the progress."""

File = Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False, readable=True)]
Company = Annotated[UUID, typer.Option(help="Id of the company.")]
Kind = Annotated[str, typer.Option(help="What the rows are.")]
Policy = Annotated[
    Literal["good_rows", "all_or_nothing"], typer.Option(help="Write the rows that are right, or all rows or none.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and count the rows; write nothing.")]
Format = Annotated[Literal["csv", "jsonl"], typer.Option("--format", help="CSV or JSON lines.")]
Encoding = Annotated[str, typer.Option(help="utf-8, windows-1252, iso-8859-1 or iso-8859-15.")]
Delimiter = Annotated[str, typer.Option(help="Between cells of CSV; `tab` for a tabulator.")]
Decimal = Annotated[str, typer.Option("--decimal", help="Decimal separator.")]
Thousands = Annotated[str, typer.Option("--thousands", help="Thousands separator; none if not given.")]
Columns = Annotated[
    list[str] | None, typer.Option("--column", help="NAME=COLUMN maps a name in the file, NAME= leaves it out.")
]
Errors = Annotated[Path | None, typer.Option(help="Where to write what is wrong in which line, as CSV.")]


def import_file(
    file: File,
    *,
    company: Company,
    kind: Kind = "customers",
    policy: Policy = "good_rows",
    dry_run: DryRun = False,
    kind_of_file: Format = "csv",
    encoding: Encoding = "utf-8",
    delimiter: Delimiter = ",",
    decimal_separator: Decimal = ".",
    thousands_separator: Thousands = "",
    column: Columns = None,
    errors: Errors = None,
    as_json: Json = False,
) -> None:
    """Import a file of customers for a company, and wait until the workers have done it. Ctrl-C does not stop it."""
    from kit.tabular import formats

    delimiter = "\t" if delimiter == "tab" else delimiter
    for value, known, option in (
        (encoding, formats.ENCODINGS, "--encoding"),
        (delimiter, formats.DELIMITERS, "--delimiter"),
        (decimal_separator, formats.DECIMAL_SEPARATORS, "--decimal"),
        (thousands_separator, formats.THOUSANDS_SEPARATORS, "--thousands"),
    ):
        if value not in known:
            raise typer.BadParameter(f"choose one of {', '.join(map(repr, known))}", param_hint=option)
    file_format = formats.FileFormat(kind_of_file, encoding, delimiter, decimal_separator, thousands_separator)
    options = {"kind": kind, "policy": policy, "dry_run": dry_run, "columns": _mapping(column or [])}
    import_id = _upload(file, company, file_format=file_format, **options)
    ended = _wait(import_id, company)
    if errors:
        _write_errors(errors, ended, company)
    if as_json:
        names = ("id", "state", "problem", "rows", "created", "updated", "unchanged", "failed")
        print_json({name: getattr(ended, name) for name in names})
    else:
        print_line(_line(ended))
    if ended.state != "succeeded":
        sys.exit(1)


def _mapping(pairs: list[str]) -> dict[str, str | None]:
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise typer.BadParameter(f"write NAME=COLUMN, not {wrong[0]!r}", param_hint="--column")
    split = (pair.rpartition("=") for pair in pairs)
    return {name: target or None for name, _, target in split}


def _upload(file: Path, company_id: UUID, **options: Any) -> UUID:
    """Store the file in parts, each in a separate transaction, and start the import."""
    from domain import areas
    from domain.imports import declarations, uploads
    from kit import clock, db
    from kit.tenancy import Tenant
    from saga.jobs.imports import start_import

    areas.register()
    if options["kind"] not in declarations.kinds():
        raise typer.BadParameter(f"choose one of {', '.join(declarations.kinds())}", param_hint="--kind")
    if file.stat().st_size > uploads.MAX_PARTS * uploads.MAX_PART_BYTES:
        raise typer.BadParameter("the file has more than 256 MiB: cut it in two", param_hint="FILE")
    tenant = Tenant(company_id=company_id)
    with db.transaction(tenant):
        import_id = uploads.create(company_id=company_id, **options).id
    with file.open("rb") as opened:
        for part, content in enumerate(iter(lambda: opened.read(uploads.MAX_PART_BYTES), b"")):
            with db.transaction(tenant):
                uploads.put_part(import_id=import_id, part=part, content=content)
    with db.transaction(tenant):
        start_import(import_id=import_id, company_id=company_id, now=clock.now())
    return import_id


def _wait(import_id: UUID, company_id: UUID) -> "Import":
    """Show the progress until the import has ended."""
    from domain.imports import queries
    from kit import db
    from kit.tenancy import Tenant

    with console.status("reading the file") as status:
        while True:
            with db.transaction(Tenant(company_id=company_id)):
                found, state = queries.progress_of(queries.the_import(import_id=import_id))
            if state in {"failed", "cancelled"}:
                print_line(f"{import_id}: the job {found.job_id} is {state}; see `orderx jobs`")
                sys.exit(1)
            if found.ended_at:
                return found
            status.update(_line(found))
            time.sleep(POLL_INTERVAL)


def _write_errors(path: Path, ended: "Import", company_id: UUID) -> None:
    from kit import db
    from kit.jobs import results
    from kit.tenancy import Tenant

    assert ended.job_id
    with path.open("w", encoding="utf-8", newline="") as opened:
        after = -1
        while True:
            with db.transaction(Tenant(company_id=company_id)):
                part = results.next_part(job_id=ended.job_id, after=after)
            if part is None:
                return
            after = part[0]
            opened.write(part[1])


def _line(shown: "Import") -> str:
    counts = ", ".join(f"{getattr(shown, name)} {name}" for name in ("created", "updated", "unchanged", "failed"))
    mode = " (dry run)" if shown.dry_run else ""
    problem = f": {shown.problem}" if shown.problem else ""
    return f"{shown.id}: {shown.state}{mode}, {shown.rows} rows, {counts}{problem}"
