"""Line breaks in headers and paths inject neither response headers nor log lines."""

import contextlib
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.inbox.maildir import Maildir
from ops.inbox.web import create_app as inbox_app
from ops.sandbox.app import create_app as sandbox_app
from tests.api.policies import BODIES
from tests.api.world import filled
from tests.security.example_counts import examples

READ = (
    "X_REQUEST_ID", "TRACEPARENT", "IDEMPOTENCY_KEY", "PREFER", "IF_MATCH", "IF_NONE_MATCH", "ORIGIN", "HOST",
    "REFERER", "USER_AGENT", "AUTHORIZATION", "ACCESS_CONTROL_REQUEST_METHOD", "X_FORWARDED_FOR", "X_FORWARDED_HOST",
    "RANGE", "ACCEPT", "COOKIE",
)  # fmt: skip
FORGED = "Set-Cookie: forged=1"
BREAKS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "%0d%0a", "\r\n\r\n<html>", "\0")


def is_clean(answer):
    """Whether the answer has no header that the caller has injected."""
    whole = "".join(f"{name}: {value}" for name, value in answer.headers)
    return "forged" not in whole.lower() and not any(c in whole for c in "\r\n\0")


class TestLineBreaksInHeaders:
    @examples(30)
    @given(
        name=st.sampled_from(READ),
        before=st.sampled_from(("", "mine", "wait=1", '"1"', "https://shop.example")),
        line_break=st.sampled_from(BREAKS),
        method=st.sampled_from(("GET", "POST", "OPTIONS")),
    )
    def test_inject_no_header_and_no_log_line(self, world, name, before, line_break, method):
        value = f"{before}{line_break}{FORGED}"
        with contextlib.redirect_stdout(io.StringIO()) as said:
            answer = world.app.test_client().open(
                "/api/orders", method=method, json=filled(BODIES["orders.place_order"], world.places["own shop"]),
                headers={"Authorization": f"Bearer {world.callers['customer'].token}"},
                environ_overrides={f"HTTP_{name}": value.encode().decode("latin-1")},
            )  # fmt: skip
        assert answer.status_code < 500
        assert is_clean(answer)
        *placed, request_event = [json.loads(line)["event"] for line in said.getvalue().split("\n")[:-1]]
        assert (placed or ["order_placed"], request_event) == (["order_placed"], "request")
        assert "forged" not in said.getvalue()


class TestLineBreaksInPaths:
    @pytest.mark.parametrize(
        "path", ["/api/shops/{}", "/api/docs/assets/{}", "/api/auth/links/{}", "/{}", "/api/orders?after={}"]
    )
    def test_are_not_found(self, api, path):
        for line_break in ("%0d%0a", "%0a", "%0D", "%E5%98%8A%E5%98%8D", "%u000a"):
            answer = api.get(path.format(f"x{line_break}{FORGED.replace(' ', '%20')}"))
            assert answer.status_code in (401, 404)
            assert is_clean(answer)


class TestPathsLikeOthers:
    @pytest.mark.parametrize(
        "path",
        ["//evil.example", "//evil.example/api/me", "/\\evil.example", "/api//me", "/api/me/", "//healthz", "//"],
    )
    def test_are_not_found_and_redirect_to_no_other_site(self, api, path):
        answer = api.get("/", environ_overrides={"PATH_INFO": path, "HTTP_HOST": "evil.example"})
        assert (answer.status_code, "Location" in answer.headers) == (404, False)

    def test_are_not_found_by_the_sandbox_and_the_inbox_either(self, tmp_path):
        inbox = inbox_app(Maildir(tmp_path), trusted_hosts=("evil.example",))
        sandbox = sandbox_app(tmp_path / "ledger", "key", trusted_hosts=("evil.example",))
        for app, path in ((inbox, "//messages.json"), (sandbox, "//ledger")):
            answer = app.test_client().get("/", environ_overrides={"PATH_INFO": path, "HTTP_HOST": "evil.example"})
            assert (answer.status_code, "Location" in answer.headers) == (404, False)

    def test_are_not_repeated_by_a_redirect(self, api, tmp_path):
        """Redirects of werkzeug for rules that end with a slash or have defaults."""
        for app in (api.app, inbox_app(Maildir(tmp_path)), sandbox_app(tmp_path / "ledger", "key")):
            for rule in app.url_map.iter_rules():
                assert rule.rule == "/" or rule.is_leaf, rule
                assert not rule.defaults, rule
