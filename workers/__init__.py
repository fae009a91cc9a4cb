"""Speaks Celery and RabbitMQ: the relay, the sagas' tasks, the sweeper, and what reacts to events."""
