"""How long imports are kept."""

from datetime import timedelta

from kit.db.retention import Retention

RETENTION_RULES = (
    Retention(
        "imports", "created_at", timedelta(days=7),
        dependents=(("import_parts", "import_id"), ("import_rows", "import_id")),
    ),
)  # fmt: skip
"""Parts and rows of a file are deleted when the import ends; those of one that was given up, after this time."""
