"""Imports, the parts of their files, and the rows that were read from them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Json
from kit.ids import new_id
from kit.personal_data import PERSONAL

POLICIES = ("all_or_nothing", "good_rows")
STATES = ("uploading", "running", "succeeded", "refused")


class Import(Base):
    """An import of a file of one kind.

    `columns` maps names in the file to names of the kind, or to None for a column to leave out. `parts` is the number
    of parts of the file, known at the start, `header` its first line, `rows` the number of rows, once all are read.
    `created`, `updated`, `unchanged` and `failed` count what rows became, or would become in a dry run. A refused
    import has written nothing, for the reason in `problem`. All times are UTC.
    """

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint(f"policy IN {POLICIES}", name="policy"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index(None, "created_at"),
        Index(None, "company_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    kind: Mapped[str]
    format: Mapped[Json]
    columns: Mapped[Json]
    policy: Mapped[str]
    dry_run: Mapped[bool]
    state: Mapped[str] = mapped_column(server_default=text("'uploading'"))
    problem: Mapped[str | None]
    job_id: Mapped[UUID | None]
    parts: Mapped[int | None]
    header: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    rows: Mapped[int] = mapped_column(server_default=text("0"))
    created: Mapped[int] = mapped_column(server_default=text("0"))
    updated: Mapped[int] = mapped_column(server_default=text("0"))
    unchanged: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ended_at: Mapped[datetime | None]


class ImportPart(Base):
    """A part of the file, as it was uploaded. It is deleted once it was read."""

    __tablename__ = "import_parts"

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    company_id: Mapped[UUID]
    content: Mapped[bytes] = mapped_column(LargeBinary, info=PERSONAL)


class ImportRow(Base):
    """A row of the file that begins in `line` (from 1), with its cells by the names of the kind, or with a `problem`.

    `key` is the hash of what the row is about; rows with the same key in sequence are one item, with one `item` number.
    """

    __tablename__ = "import_rows"
    __table_args__ = (Index(None, "import_id", "key"),)

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    company_id: Mapped[UUID]
    item: Mapped[int]
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    cells: Mapped[dict[str, Any] | None] = mapped_column(JSONB, info=PERSONAL)
    problem: Mapped[str | None]
