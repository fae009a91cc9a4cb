"""Reading imports."""

from uuid import UUID

from sqlalchemy import select

from domain.imports.errors import ImportNotFound
from domain.imports.models import Import
from kit import db
from kit.paging import Page, page


def the_import(*, import_id: UUID, lock: bool = False) -> Import:
    """Return an import of the current company, locked until the transaction ends if wanted; raises ImportNotFound."""
    query = select(Import).where(Import.id == import_id)
    found = db.session().scalar(query.with_for_update() if lock else query)
    if found is None:
        raise ImportNotFound
    return found


def imports(*, limit: int, after: UUID | None = None) -> Page[Import]:
    """List the current company's imports, newest first."""
    return page(select(Import), Import.id, limit=limit, after=after, newest_first=True)
