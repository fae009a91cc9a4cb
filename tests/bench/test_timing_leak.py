"""The AUC of response times."""

from bench.timing_leak import auc


class TestAuc:
    def test_is_a_half_where_times_reveal_nothing(self):
        assert auc([1, 2, 3], [3, 2, 1]) == 0.5
        assert auc([7, 7], [7]) == 0.5

    def test_is_one_where_every_known_address_takes_longer(self):
        assert auc([5, 6], [1, 2, 3]) == 1.0
        assert auc([1, 2], [1, 0]) == 0.875
