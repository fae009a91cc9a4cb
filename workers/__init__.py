"""Speaks Celery and RabbitMQ: the relay, the saga tasks, the sweeper, and the event consumers."""
