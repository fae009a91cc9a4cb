"""Export all data of a person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.privacy import declarations
from kit import db
from kit.tenancy import Tenant


def export_person(*, user_id: UUID, now: datetime) -> dict[str, Any]:
    """Collect the data of the current user from all areas, by section."""
    found: dict[str, Any] = {}
    for area in declarations.by_area().values():
        db.act_for(Tenant(user_id=user_id))
        found |= area.export(user_id=user_id, now=now)
    return found
