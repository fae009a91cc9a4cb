from workers.poll_position import FULL_EVERY, MARGIN, SHARE, PollPosition


def polled_everything(*, at: float, took: float = 0.0) -> PollPosition:
    position = PollPosition()
    assert position.seconds_back(now=at, lot=True) is None
    position.polled(begun=at, ended=at + took, back=None, last_age=0.0)
    return position


class TestPollPosition:
    def test_begins_where_the_last_poll_ended_but_for_a_margin(self):
        position = polled_everything(at=100.0)
        assert position.seconds_back(now=100.5, lot=True) == 0.5 + MARGIN

    def test_looks_at_everything_now_and_then(self):
        position = polled_everything(at=100.0)
        assert position.seconds_back(now=100.0 + FULL_EVERY, lot=True) is None

    def test_looks_at_everything_more_seldom_the_longer_that_takes(self):
        position = polled_everything(at=100.0, took=2.0)
        assert position.seconds_back(now=101.0 + 2.0 * SHARE, lot=True) is not None
        assert position.seconds_back(now=102.0 + 2.0 * SHARE, lot=True) is None

    def test_looks_at_everything_only_where_it_takes_every_kind_of_row(self):
        position = polled_everything(at=100.0)
        assert position.seconds_back(now=100.0 + FULL_EVERY, lot=False) is not None

    def test_goes_no_further_than_the_last_row_of_a_full_batch(self):
        position = polled_everything(at=100.0)
        position.polled(begun=100.5, ended=100.5, back=1.0, last_age=40.0)
        assert position.seconds_back(now=100.5, lot=True) == 40.0 + MARGIN

    def test_looks_at_everything_after_a_failure(self):
        position = polled_everything(at=100.0)
        position.forget()
        assert position.seconds_back(now=100.1, lot=True) is None
        assert position.seconds_back(now=100.1, lot=False) is None
