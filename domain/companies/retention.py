"""How long companies and their history are kept."""

from kit.db.retention import Retention

RETENTION_RULES: tuple[Retention, ...] = ()

TABLES_WITHOUT_RETENTION = {
    "companies": "a closed company keeps its books",
    "company_events": "few, and the record of who decided what",
    "usage_counts": "at most two rows for an open shop, which go when it is closed",
    "order_counts": "at most 32 rows a month for a company",
}
