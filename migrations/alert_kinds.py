"""The alert kinds that the database accepts."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op


def allow(*kinds: str, renamed: Mapping[str, str] | None = None) -> None:
    """Accept only these kinds from now on: rename alerts by `renamed` (old kind to new), delete those of other kinds."""
    # Row-level security is forced on the owner, too, unless a superuser. Turning it off also takes the lock that keeps
    # everybody from adding an alert of another kind before the constraint is replaced.
    op.execute("ALTER TABLE alerts NO FORCE ROW LEVEL SECURITY")
    for old, new in (renamed or {}).items():
        _rename(old, new)
    op.execute(sa.text("DELETE FROM alerts WHERE kind <> ALL(:kinds)").bindparams(kinds=list(kinds)))
    op.execute("ALTER TABLE alerts FORCE ROW LEVEL SECURITY")
    name = op.f("alerts_kind_check")
    op.drop_constraint(name, "alerts")
    op.create_check_constraint(name, "alerts", f"kind IN {tuple(sorted(kinds))}")


def _rename(old: str, new: str) -> None:
    # At most one alert is open per kind and key: where both kinds have one, the one of the old kind is closed.
    op.execute(
        sa.text(
            "UPDATE alerts SET closed_at = now() WHERE kind = :old AND closed_at IS NULL"
            " AND key IN (SELECT key FROM alerts WHERE kind = :new AND closed_at IS NULL)"
        ).bindparams(old=old, new=new)
    )
    op.execute(sa.text("UPDATE alerts SET kind = :new WHERE kind = :old").bindparams(old=old, new=new))
