"""A receiver of webhooks: a small HTTP server that records the requests and answers with a given status."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "a secret of 16 characters or more"


@dataclass
class Receiver:
    """Answers with `status`. `accepted` holds the bodies answered with a 2xx status, `refused` the others."""

    status: int = 204
    accepted: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    signatures: list[tuple[str, bytes]] = field(default_factory=list)
    url: str = ""

    def receive(self, signature: str, body: bytes) -> int:
        self.signatures.append((signature, body))
        is_accepted = 200 <= self.status < 300
        (self.accepted if is_accepted else self.refused).append(json.loads(body))
        return self.status

    def events(self) -> list[tuple[str, str, str]]:
        """The accepted notifications: (event, kind, key)."""
        return [(each["event"], each["kind"], each["key"]) for each in self.accepted]

    def events_about(self, key: str) -> list[tuple[str, str]]:
        """The accepted notifications about one alert: (event, kind)."""
        return [(event, kind) for event, kind, about in self.events() if about == key]


def is_genuine(signature: str, body: bytes) -> bool:
    """Whether the body was signed with the secret."""
    at, _, proof = signature.removeprefix("t=").partition(",v1=")
    expected = hmac.new(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(proof, expected)


@contextmanager
def webhook_receiver() -> Iterator[Receiver]:
    """A running receiver."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the server's own naming
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.receive(self.headers["OrderX-Signature"], body))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/alerts?token=hush"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()
