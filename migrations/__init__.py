"""Database migrations with Alembic; `migrations.run` applies them."""
