"""The business rules. One package per area; imports no Flask, Celery or marshmallow."""
