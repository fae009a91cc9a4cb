"""The metadata of all tables, for Alembic. A new area adds its module to MODULES."""

from domain.access import models as access
from domain.accounts import models as accounts
from domain.audit import models as audit
from domain.catalogue import models as catalogue
from domain.companies import models as companies
from domain.customers import models as customers
from domain.inventory import models as inventory
from domain.notifications import models as notifications
from domain.payments import models as payments
from domain.sales import models as sales
from domain.shops import models as shops
from kit import alerts
from kit.db import Base
from kit.jobs import rows as jobs
from kit.messaging import kept_events, outbox
from kit.schedules import runs
from saga.engine import models as saga

MODULES = (
    audit,
    catalogue,
    companies,
    customers,
    access,
    accounts,
    inventory,
    notifications,
    payments,
    sales,
    shops,
    alerts,
    jobs,
    kept_events,
    outbox,
    runs,
    saga,
)

metadata = Base.metadata
