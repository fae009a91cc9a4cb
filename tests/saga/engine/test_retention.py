from datetime import timedelta

import pytest

from kit import clock
from saga.engine.definition import then
from tests.retention import prune

TABLES = ("sagas", "saga_steps", "saga_events", "incidents")


class TestPrune:
    @pytest.fixture
    def count(self, harness):
        return lambda: tuple(harness.sql(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES)

    @pytest.fixture
    def saga(self, harness, script):
        return harness.saga(then(script.step("fold")))

    def test_deletes_an_ended_saga_with_its_history(self, harness, saga, count):
        harness.run(saga)
        assert prune(before=clock.now()) == 1
        assert count() == (0, 0, 0, 0)

    def test_keeps_a_saga_that_ended_later(self, harness, saga):
        harness.run(saga)
        assert prune(before=clock.now() - timedelta(days=1)) == 0

    def test_keeps_an_open_saga(self, harness, saga, count):
        harness.start(saga)
        assert prune(before=clock.now() + timedelta(days=1)) == 0
        assert count()[0] == 1
