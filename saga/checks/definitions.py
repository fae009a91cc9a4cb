"""A rule about the definitions of sagas."""

from typing import Any

from kit import db
from kit.checks import Check
from saga.registry import SAGAS


def _definitions() -> dict[str, Any]:
    definitions = [{"name": each.name, "version": each.version, "steps": each.shape} for each in SAGAS]
    return {"definitions": db.as_json(definitions)}


CHECKS = (
    Check(
        "every open saga has a definition of this release",
        """
        SELECT 'saga ' || s.id || ' of ' || s.subject_id || ' began with another definition of ' || s.name
            || ' version ' || s.version || ' than this release has'
        FROM sagas s
        LEFT JOIN jsonb_to_recordset(cast(:definitions AS jsonb)) AS d (name text, version int, steps jsonb)
            USING (name, version)
        WHERE s.ended_at IS NULL AND d.steps IS DISTINCT FROM (
            SELECT jsonb_agg(jsonb_build_array(t.step, t.stage) ORDER BY t.position)
            FROM saga_steps t WHERE t.saga_id = s.id)""",
        parameters=_definitions,
    ),
)
