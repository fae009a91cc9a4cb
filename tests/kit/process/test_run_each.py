"""Parts that do not depend on each other run all, whatever happens to one."""

from functools import partial

import psycopg
import pytest
from structlog.testing import capture_logs

from kit.process.outages import run_each


class TestRunEach:
    def test_runs_the_other_parts_when_one_fails(self):
        done = []

        def failing():
            raise KeyError("a defect of ours")

        [error] = run_each(failing, lambda: done.append("the next"))
        assert isinstance(error, KeyError)
        assert done == ["the next"]

    def test_logs_the_name_of_the_part_that_fails(self):
        def failing(reason):
            raise KeyError(reason)

        with capture_logs() as logged:
            run_each(partial(failing, "a defect of ours"))
        assert logged[0]["part"].endswith("failing")

    def test_stops_when_the_database_is_down(self):
        def without_a_database():
            raise psycopg.OperationalError

        with pytest.raises(psycopg.OperationalError):
            run_each(without_a_database, lambda: pytest.fail("it went on"))

    def test_goes_on_when_a_statement_of_one_took_too_long(self):
        def slow():
            raise psycopg.errors.QueryCanceled

        done = []
        [error] = run_each(slow, lambda: done.append("the next"))
        assert isinstance(error, psycopg.errors.QueryCanceled)
        assert done == ["the next"]
