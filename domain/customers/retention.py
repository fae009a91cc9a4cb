"""How long customers and their groups are kept."""

from kit.db.retention import Retention

RETENTION_RULES: tuple[Retention, ...] = ()

TABLES_WITHOUT_RETENTION = {
    "customers": "orders refer to them; erasure removes the personal data",
    "customer_addresses": "they are deleted with their customer, and by erasure",
    "customer_groups": "few, and deleted by the company",
    "customer_group_members": "they are deleted with their group or customer",
}
