"""All schedules: those of the areas (`saga/schedules/<area>.py`), and those of the platform."""

from domain import areas
from kit import schedules
from kit.schedules import Schedule
from workers import jobs, retention

PLATFORM_MODULES = (jobs, retention)


def declared() -> dict[str, Schedule[object]]:
    """Every schedule, by name."""
    return schedules.declared_in((*areas.modules("saga.schedules"), *PLATFORM_MODULES))
