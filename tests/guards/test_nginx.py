"""deploy/nginx.conf: compression, retries and timeouts."""

import re
from functools import partial

from api.sales.request_headers import MAX_WAIT_SECONDS
from tests.api.shared_app import shared_app
from tests.guards.source_tree import ROOT

NGINX = (ROOT / "deploy/nginx.conf").read_text()


def directive(name: str) -> str:
    """The value of a directive that occurs once."""
    (value,) = re.findall(rf"^ *{name} (.*?);", NGINX, re.MULTILINE)
    return value


def seconds(name: str) -> int:
    return int(directive(name).removesuffix("s"))


class TestNginx:
    def test_compresses_every_content_type(self):
        get = partial(shared_app().test_client().get, buffered=True)
        page, document = get("/api/docs"), get("/api/openapi.json")
        assets = [get(path) for path in re.findall(r'(?:src|href)="([^"]+\.(?:js|css))"', page.text)]
        assert assets
        documented = set(re.findall(r'"(application/[\w.+-]+)": *{', document.text))
        assert {"application/json", "application/problem+json"} <= documented
        documented.remove("application/octet-stream")  # of requests only
        types = documented | {answer.mimetype for answer in (page, document, *assets)}
        assert types <= {"text/html", *directive("gzip_types").split()}  # HTML is compressed unnamed
        assert directive("gzip") == "on"

    def test_does_not_compress_small_answers(self):
        assert directive("gzip_min_length") == "1k"

    def test_keeps_restarted_containers_in_use(self):
        servers = re.findall(r"^ *server api:.*;$", NGINX, re.MULTILINE)
        assert servers
        assert [line for line in servers if "max_fails=0" not in line] == []

    def test_retries_only_idempotent_requests_without_an_answer(self):
        assert directive("proxy_next_upstream") == "error timeout"  # with non_idempotent it would repeat a POST
        assert directive("proxy_next_upstream_tries") == "2"

    def test_waits_longer_than_the_api_and_does_not_retry_after_that(self):
        read_timeout = seconds("proxy_read_timeout")
        assert read_timeout > MAX_WAIT_SECONDS
        assert seconds("proxy_connect_timeout") < seconds("proxy_next_upstream_timeout") < read_timeout
