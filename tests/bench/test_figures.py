import pytest

from bench.figures import cpu_ratios, latencies, median_of, percentile, ratios


class TestPercentile:
    @pytest.mark.parametrize(("percent", "value"), [(50, 5), (95, 10), (99, 10), (10, 1), (11, 2), (100, 10)])
    def test_is_a_value_that_was_measured(self, percent, value):
        assert percentile([3, 1, 2, 10, 9, 8, 7, 6, 5, 4], percent) == value

    def test_of_one_value_is_that_value(self):
        assert percentile([7.0], 99) == 7.0


class TestLatencies:
    def test_are_shown_in_milliseconds(self):
        assert latencies([0.001, 0.002, 0.0305]) == {"p50_ms": 2.0, "p95_ms": 30.5, "p99_ms": 30.5}

    def test_of_nothing_are_none(self):
        assert latencies([]) == {}


class TestMedianOf:
    def test_goes_number_by_number_and_into_what_is_nested(self):
        rounds = [
            {"per_s": 10, "cpu": {"relay": 1.0, "api": 9.0}},
            {"per_s": 30, "cpu": {"relay": 3.0, "api": 1.0}},
            {"per_s": 20, "cpu": {"relay": 2.0, "api": 5.0}},
        ]
        assert median_of(rounds) == {"per_s": 20, "cpu": {"relay": 2.0, "api": 5.0}}

    def test_takes_what_is_no_number_from_the_last_round(self):
        assert median_of([{"note": "first"}, {"note": "last"}]) == {"note": "last"}

    def test_forgives_a_figure_that_a_round_does_not_have(self):
        assert median_of([{"per_s": 10}, {"per_s": 20, "p50_ms": 5}]) == {"per_s": 15, "p50_ms": 5}


RESULTS = {
    "engine": {
        "orderx": {"per_s": 300.0, "cpu_ms_per_order": 5.0},
        "dbos": {"per_s": 60.0, "cpu_ms_per_order": 30.0},
        "temporal_dev": {"error": "ImportError: no temporalio"},
    },
    "full": {"dbos": {"per_s": 40.0}},
}


class TestRatios:
    def test_are_ours_over_theirs_by_rate_and_theirs_over_ours_by_cpu(self):
        assert ratios(RESULTS) == {"engine_vs_dbos": 5.0}
        assert cpu_ratios(RESULTS) == {"engine_vs_dbos": 6.0}

    def test_leave_out_what_was_not_measured(self):
        assert ratios({"engine": {"orderx": {"per_s": 300.0}}}) == {}
