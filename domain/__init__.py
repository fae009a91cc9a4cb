"""The business: what would be true with pen and paper. One folder per area; no Flask, no Celery, no marshmallow."""
