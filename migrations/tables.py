"""The metadata of all tables, for Alembic: an area's tables are in `domain/<area>/models.py`."""

from domain import areas
from kit import alerts
from kit.db import Base
from kit.jobs import results as job_results
from kit.jobs import rows as jobs
from kit.messaging import kept_events, outbox
from kit.schedules import runs
from saga.engine import models as saga

MODULES = (*areas.modules("domain", "models"), alerts, jobs, job_results, kept_events, outbox, runs, saga)

metadata = Base.metadata
