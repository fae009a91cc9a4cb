"""How long memberships, invitations and API keys are kept."""

from kit.db.retention import Retention

RETENTION_RULES: tuple[Retention, ...] = ()

TABLES_WITHOUT_RETENTION = {
    "memberships": "they end when a member leaves, is removed or is erased",
    "invitations": "few, and a company's record of whom it invited; erasure deletes those to a person",
    "api_keys": "few, and a company's record of who may have used its data",
}
