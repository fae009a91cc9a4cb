from workers.outbox.poll_position import FULL_POLL_FACTOR, FULL_POLL_INTERVAL, MARGIN, PollPosition


def after_a_full_poll(*, at: float, took: float = 0.0) -> PollPosition:
    position = PollPosition()
    assert position.lookback(now=at, include_low_priority=True) is None
    position.record_poll(started=at, ended=at + took, lookback=None, last_age=0.0)
    return position


class TestPollPosition:
    def test_starts_where_the_last_poll_ended_minus_a_margin(self):
        position = after_a_full_poll(at=100.0)
        assert position.lookback(now=100.5, include_low_priority=True) == 0.5 + MARGIN

    def test_makes_a_full_poll_at_intervals(self):
        position = after_a_full_poll(at=100.0)
        assert position.lookback(now=100.0 + FULL_POLL_INTERVAL, include_low_priority=True) is None

    def test_makes_full_polls_less_often_when_they_take_longer(self):
        position = after_a_full_poll(at=100.0, took=2.0)
        assert position.lookback(now=101.0 + 2.0 * FULL_POLL_FACTOR, include_low_priority=True) is not None
        assert position.lookback(now=102.0 + 2.0 * FULL_POLL_FACTOR, include_low_priority=True) is None

    def test_makes_a_full_poll_only_with_low_priority_rows(self):
        position = after_a_full_poll(at=100.0)
        assert position.lookback(now=100.0 + FULL_POLL_INTERVAL, include_low_priority=False) is not None

    def test_advances_to_the_last_row_of_a_full_batch(self):
        position = after_a_full_poll(at=100.0)
        position.record_poll(started=100.5, ended=100.5, lookback=1.0, last_age=40.0)
        assert position.lookback(now=100.5, include_low_priority=True) == 40.0 + MARGIN

    def test_makes_a_full_poll_after_a_failure(self):
        position = after_a_full_poll(at=100.0)
        position.reset()
        assert position.lookback(now=100.1, include_low_priority=True) is None
        assert position.lookback(now=100.1, include_low_priority=False) is None
