"""Raw requests: pipelined on a connection, and refused when they are not valid HTTP."""

import json

import pytest

from tests.ops.server.conftest import HEAD, answer_from, answers_from

BODY = b'{"email": "ada@customers.example", "name": "Ada", "password": "correct horse battery"}'
GET = b"GET /healthz HTTP/1.1\r\nHost: orderx\r\n\r\n"


@pytest.fixture(scope="module")
def server(serve):
    return serve("--threads", "4")


class TestRequests:
    def test_sent_at_once_are_answered_in_order(self, server):
        missing = b"GET /nowhere HTTP/1.1\r\nHost: orderx\r\n\r\n"
        chunked = b"POST /nowhere HTTP/1.1\r\nHost: orderx\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        with server.connection(GET + missing + chunked + GET) as client:
            assert [answer.status for answer in answers_from(client, 4)] == [200, 404, 404, 200]

    def test_may_come_byte_by_byte(self, server):
        with server.connection() as client:
            for byte in GET:
                client.sendall(bytes([byte]))
            assert answer_from(client).status == 200

    def test_leave_no_unread_body_to_the_next_request(self, server):
        unread = b"POST /nowhere HTTP/1.1\r\nHost: orderx\r\nContent-Length: %d\r\n\r\n" % len(GET * 5000)
        with server.connection(unread + GET * 5000 + GET) as client:
            assert [answer.status for answer in answers_from(client, 2)] == [404, 200]

    def test_get_one_100_continue_when_they_expect_it(self, server):
        asking = HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        with server.connection(asking) as client:
            assert client.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.sendall(BODY)
            assert answer_from(client).status in (202, 429)
        assert server.ask(asking.replace(b"%d" % len(BODY), b"2000000")).status == 413

    @pytest.mark.parametrize(
        ("sent", "status", "code"),
        [
            (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: orderx\r\n\r\n", 414, "request_uri_too_long"),
            (b"GET /" + b"x" * 50_000, 414, "request_uri_too_long"),
            (GET[:-2] + b"X-Long: " + b"x" * 9000 + b"\r\n\r\n", 431, "request_header_fields_too_large"),
            (GET[:-2] + b"X-Long: x\r\n" * 101 + b"\r\n", 431, "request_header_fields_too_large"),
            (GET[:-2] + b"X-Long: " + b"x" * 50_000, 431, "request_header_fields_too_large"),
            (GET[:-2] + (b"X-Long: " + b"x" * 8000 + b"\r\n") * 5 + b"\r\n", 431, "request_header_fields_too_large"),
            (b"GET /healthz HTTP/1.1\nHost: orderx\n\n", 400, "bad_request"),
            (b"nonsense\r\n\r\n", 400, "bad_request"),
            (b"GET /healthz HTTP/3.0\r\n\r\n", 400, "bad_request"),
            (b"GET healthz HTTP/1.1\r\nHost: orderx\r\n\r\n", 400, "bad_request"),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "bad_request"),
            (GET[:-2] + b"Secret : 4242424242424242\r\n\r\n", 400, "bad_request"),
            (b"GET /healthz HTTP/1.1\r\n\r\n", 400, "bad_request"),
            (b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 400, "bad_request"),
            (b"GET /healthz HTTP/1.1\r\nHost: orderx\r\nHost: evil.example\r\n\r\n", 400, "bad_request"),
            (b"GET /healthz HTTP/1.1\r\nHost: orderx/healthz\r\n\r\n", 400, "bad_request"),
            (b"GET /healthz HTTP/1.1\r\nHost: user@orderx\r\n\r\n", 400, "bad_request"),
            (b"GET /healthz HTTP/1.0\r\nHost: a b\r\n\r\n", 400, "bad_request"),
            (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400, "bad_request"),
            (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"),
            (HEAD + b"Content-Length: +2\r\n\r\n{}", 400, "bad_request"),
            (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "not_implemented"),
            (HEAD + b"Expect: a miracle\r\n\r\n", 417, "expectation_failed"),
        ],
    )  # fmt: skip
    def test_are_refused_with_a_problem_when_they_are_no_http(self, server, sent, status, code):
        answer = server.ask(sent)
        assert (answer.status, answer.getheader("Content-Type")) == (status, "application/problem+json")
        assert (json.loads(answer.text)["code"], answer.getheader("Connection")) == (code, "close")
        assert "4242" not in answer.text
        assert json.loads(answer.text)["request_id"] == answer.getheader("X-Request-ID")

    @pytest.mark.parametrize(
        "head",
        [
            b"GET /healthz HTTP/1.0\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nHost: orderx_api.internal:8000\r\n\r\n",
        ],
    )
    def test_are_served_for_any_host(self, server, head):
        assert server.ask(head).status == 200
