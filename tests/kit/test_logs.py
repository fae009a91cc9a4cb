import json

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
