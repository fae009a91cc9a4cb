import pytest

from workers.outbox.low_priority_timer import BATCH_TARGET, MAX_INTERVAL, MIN_INTERVAL, LowPriorityTimer


@pytest.fixture
def timer():
    return LowPriorityTimer(now=100.0)


class TestRecordPoll:
    @pytest.mark.parametrize("rows", [0, 1, BATCH_TARGET])
    def test_lets_few_rows_wait_for_the_longest_interval(self, timer, rows):
        timer.record_poll(rows=rows, has_more=False, now=101.0)
        assert timer.due_at == 101.0 + MAX_INTERVAL

    def test_makes_batches_of_the_target_size_of_more_rows(self, timer):
        timer.record_poll(rows=2 * BATCH_TARGET, has_more=False, now=101.0)
        assert timer.due_at == 101.5
        timer.record_poll(rows=BATCH_TARGET, has_more=False, now=101.5)
        assert timer.due_at == 102.0

    def test_makes_larger_batches_of_very_many_rows(self, timer):
        timer.record_poll(rows=100 * BATCH_TARGET, has_more=False, now=101.0)
        assert timer.due_at == 101.0 + MIN_INTERVAL

    def test_continues_a_batch_that_has_more_rows_at_once(self, timer):
        timer.record_poll(rows=BATCH_TARGET, has_more=True, now=100.5)
        assert timer.due_at == 100.0
        timer.record_poll(rows=BATCH_TARGET, has_more=False, now=101.0)
        assert timer.due_at == 101.5
