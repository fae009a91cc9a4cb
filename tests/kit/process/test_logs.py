import json
import logging

import pytest
import structlog

from kit.process import logs

SECRET = "hush-hush"


@pytest.fixture
def last_line(capsys):
    """Reads the last line logged."""
    logs.configure()
    return lambda: json.loads(capsys.readouterr().out.splitlines()[-1])


def go_wrong():
    raise ValueError(SECRET)


class TestExceptions:
    def test_are_logged_with_type_and_traceback_and_without_message(self, last_line):
        try:
            go_wrong()
        except ValueError:
            structlog.get_logger().exception("no good")
        line = last_line()
        assert line["exception"].endswith("ValueError")
        assert "go_wrong" in line["exception"]
        assert SECRET not in str(line)


class TestLibraries:
    def test_are_logged_as_the_same_json_lines(self, last_line):
        root = logging.getLogger()
        before, level = root.handlers[:], root.level
        try:
            logs.configure_stdlib()
            try:
                go_wrong()
            except ValueError:
                logging.getLogger("kombu").exception("the broker is %s", "gone")
            line = last_line()
        finally:
            root.handlers[:] = before
            root.setLevel(level)
        assert (line["event"], line["level"]) == ("the broker is gone", "error")
        assert line["exception"].endswith("ValueError")
        assert SECRET not in str(line)
