"""Creating an import, and uploading its file in parts."""

from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID

from sqlalchemy import select

from domain.imports.declarations import kinds
from domain.imports.errors import ImportIncomplete, ImportStarted
from domain.imports.models import Import, ImportPart
from domain.imports.queries import the_import
from kit import db
from kit.errors import Invalid
from kit.ids import new_id
from kit.tabular.formats import FileFormat

MAX_PART_BYTES = 1024 * 1024
MAX_PARTS = 256
"""So a file has at most 256 MiB."""

# A part that is sent again replaces the first: the sender may have changed it.
_PUT_PART = """
    INSERT INTO import_parts (import_id, part, company_id, content)
    VALUES (%(import_id)s, %(part)s, %(company)s, %(content)s)
    ON CONFLICT (import_id, part) DO UPDATE SET content = excluded.content"""


def create(
    *,
    company_id: UUID,
    kind: str,
    file_format: FileFormat,
    columns: Mapping[str, str | None],
    policy: str,
    dry_run: bool,
) -> Import:
    """Create an import without a file. Raises Invalid for a column that the kind does not have."""
    known = kinds()[kind].column_names
    wrong = {name: column for name, column in columns.items() if column is not None and column not in known}
    if wrong:
        hint = f"This kind has the columns {', '.join(known)}."
        raise Invalid(fields={f"columns.{name}": [hint] for name in wrong})
    targets = [column for column in columns.values() if column is not None]
    twice = {name: column for name, column in columns.items() if column is not None and targets.count(column) > 1}
    if twice:
        raise Invalid(fields={f"columns.{name}": [f"Two columns are mapped to {twice[name]}."] for name in twice})
    created = Import(
        id=new_id(), company_id=company_id, kind=kind, format=asdict(file_format), columns=dict(columns),
        policy=policy, dry_run=dry_run,
    )  # fmt: skip
    session = db.session()
    session.add(created)
    session.flush()
    session.refresh(created)
    return created


def put_part(*, import_id: UUID, part: int, content: bytes) -> None:
    """Store a part of the file, from 0; one with the same number is replaced.

    Raises ImportNotFound, ImportStarted, and Invalid for a part that is empty or too large.
    """
    if not 0 < len(content) <= MAX_PART_BYTES:
        raise Invalid(fields={"body": [f"Send 1 to {MAX_PART_BYTES} bytes."]})
    found = the_import(import_id=import_id, lock=True)
    if found.state != "uploading":
        raise ImportStarted
    values = {"import_id": import_id, "part": part, "company": found.company_id, "content": content}
    db.run(_PUT_PART, values)


def close(*, import_id: UUID, job_id: UUID) -> None:
    """Take no more parts of an import that is uploading: the job reads them from now on.

    Raises ImportNotFound, and ImportIncomplete if parts are missing.
    """
    found = the_import(import_id=import_id, lock=True)
    session = db.session()
    numbers = session.scalars(select(ImportPart.part).filter_by(import_id=import_id).order_by(ImportPart.part)).all()
    if not numbers:
        raise ImportIncomplete("Upload the file first: the import has no parts.")
    missing = sorted(set(range(numbers[-1])) - set(numbers))
    if missing:
        raise ImportIncomplete(f"Upload part {missing[0]}: the parts from 0 to {numbers[-1]} must all be there.")
    found.state, found.parts, found.job_id = "running", len(numbers), job_id
    session.flush()
