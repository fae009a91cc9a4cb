"""The settings without which Celery loses work; why each matters is in docs/decisions/."""

import pytest

from workers import queues
from workers.broker import transport_options


class TestCelery:
    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("task_acks_late", True),
            ("task_reject_on_worker_lost", True),
            ("task_ignore_result", True),
            ("worker_deduplicate_successful_tasks", False),
            ("broker_connection_retry_on_startup", True),
            ("broker_connection_max_retries", None),
            ("task_default_queue_type", "quorum"),
            ("task_serializer", "json"),
            ("accept_content", ["json"]),
            ("enable_utc", True),
            ("timezone", "UTC"),
        ],
    )
    def test_has(self, celery, setting, value):
        assert getattr(celery.conf, setting) == value

    def test_does_not_wait_for_the_broker_for_ever(self, celery):
        options = celery.conf.broker_transport_options
        assert 0 < options["read_timeout"] <= 60
        assert 0 < options["write_timeout"] <= 60

    def test_has_a_lost_workers_messages_back_within_minutes_without_rabbitmq(self):
        options = transport_options("redis://127.0.0.1:1/0")
        assert options["visibility_timeout"] <= 300
        assert options["unacked_restore_interval"] == 1

    def test_joins_chords_in_the_journal(self, celery):
        assert type(celery.backend).__name__ == "JournalBackend"
        assert celery.backend.supports_native_join

    def test_falls_back_on_a_queue_there_is(self, celery):
        assert celery.conf.task_default_queue in queues.TASK_AREAS
        assert celery.conf.task_default_exchange_type == "topic"
