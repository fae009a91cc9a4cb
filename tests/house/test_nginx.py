"""deploy/nginx.conf: what it compresses, repeats, waits for, and leaves out."""

import re
from functools import partial

from api.app import create_app
from api.sales.preferences import LONGEST_WAIT
from tests.house.places import ROOT

NGINX = (ROOT / "deploy/nginx.conf").read_text()


def directive(name: str) -> str:
    """What nginx is told by the one line that begins so."""
    (value,) = re.findall(rf"^ *{name} (.*?);", NGINX, re.MULTILINE)
    return value


def seconds(name: str) -> int:
    return int(directive(name).removesuffix("s"))


class TestNginx:
    def test_compresses_every_type_of_answer_there_is(self):
        get = partial(create_app().test_client().get, buffered=True)
        page, document = get("/api/docs"), get("/api/openapi.json")
        assets = [get(path) for path in re.findall(r'(?:src|href)="([^"]+\.(?:js|css))"', page.text)]
        assert assets
        documented = set(re.findall(r'"(application/[\w.+-]+)": *{', document.text))
        assert {"application/json", "application/problem+json"} <= documented
        types = documented | {answer.mimetype for answer in (page, document, *assets)}
        assert types <= {"text/html", *directive("gzip_types").split()}  # HTML is compressed unnamed
        assert directive("gzip") == "on"

    def test_sends_as_it_is_what_fits_into_a_packet(self):
        assert directive("gzip_min_length") == "1k"

    def test_leaves_out_no_container_that_was_restarted(self):
        servers = re.findall(r"^ *server api:.*;$", NGINX, re.MULTILINE)
        assert servers
        assert [line for line in servers if "max_fails=0" not in line] == []

    def test_repeats_nothing_that_may_not_be_asked_twice_and_nothing_that_was_answered(self):
        assert directive("proxy_next_upstream") == "error timeout"  # with non_idempotent it would repeat a POST
        assert directive("proxy_next_upstream_tries") == "2"

    def test_waits_longer_than_the_api_and_then_asks_nobody_else(self):
        patience = seconds("proxy_read_timeout")
        assert patience > LONGEST_WAIT
        assert seconds("proxy_connect_timeout") < seconds("proxy_next_upstream_timeout") < patience
