import json
import logging

import pytest
import structlog

from kit import logs

SECRET = "hush-hush"


@pytest.fixture
def said(capsys):
    """The last line logged."""
    logs.configure()
    return lambda: json.loads(capsys.readouterr().out.splitlines()[-1])


def go_wrong():
    raise ValueError(SECRET)


class TestAnError:
    def test_is_told_by_kind_and_place_and_without_its_message(self, said):
        try:
            go_wrong()
        except ValueError:
            structlog.get_logger().exception("no good")
        line = said()
        assert line["exception"].endswith("ValueError")
        assert "go_wrong" in line["exception"]
        assert SECRET not in str(line)


class TestLibraries:
    def test_are_told_as_such_lines_too(self, said):
        root = logging.getLogger()
        before, level = root.handlers[:], root.level
        try:
            logs.configure_libraries()
            try:
                go_wrong()
            except ValueError:
                logging.getLogger("kombu").exception("the broker is %s", "gone")
            line = said()
        finally:
            root.handlers[:] = before
            root.setLevel(level)
        assert (line["event"], line["level"]) == ("the broker is gone", "error")
        assert line["exception"].endswith("ValueError")
        assert SECRET not in str(line)
