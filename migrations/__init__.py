"""The schema's history, by alembic; `migrations.run` brings a database up to date."""
