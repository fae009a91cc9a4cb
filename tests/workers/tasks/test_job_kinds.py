"""A worker knows what the areas declare for its jobs."""

from celery import Celery

from domain.imports import declarations
from workers.tasks import jobs


def test_kinds_of_imports_are_registered_with_the_task(monkeypatch):
    monkeypatch.setattr(declarations, "_KINDS", {})
    jobs.register(Celery("a worker", set_as_current=False))
    assert "customers" in declarations.kinds()
