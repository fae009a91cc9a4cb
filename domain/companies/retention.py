"""How long companies and their history are kept."""

from kit.db.retention import Retention

RETENTION: tuple[Retention, ...] = ()

UNLIMITED = {
    "companies": "a closed company keeps its books",
    "company_events": "few, and the record of who decided what",
    "order_counts": "at most 32 rows a month for a company",
}
