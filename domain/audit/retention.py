"""How long audit records are kept."""

from kit.db.retention import Retention

RETENTION_RULES: tuple[Retention, ...] = ()

TABLES_WITHOUT_RETENTION = {
    "super_admin_requests": "records for audits have no end set by us",
    "operator_actions": "records for audits have no end set by us",
}
