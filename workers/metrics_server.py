"""The HTTP server from which Prometheus reads a worker's metrics; a worker serves nothing else."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from prometheus_client import CONTENT_TYPE_LATEST

from kit.errors import NotConfigured
from kit.process.metrics import exposition, may_read

HIGHEST_PORT = 65_535


class _Handler(BaseHTTPRequestHandler):
    timeout: ClassVar[float] = 10
    """Seconds that a client may take for its request."""

    def do_GET(self) -> None:
        if self.path != "/metrics":
            self.send_error(404)
        elif not may_read(self.headers["Authorization"], peer=str(self.client_address[0])):
            self.send_error(401, "Send ORDERX_METRICS_TOKEN as Authorization: Bearer")
        else:
            body = exposition()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: Prometheus sends many requests."""


def serve(address: str) -> int:
    """Serve /metrics at `host:port` in a thread until the process ends. Port 0 picks a free port. Returns the port.

    Raises NotConfigured for an invalid address, and OSError when the port cannot be opened.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise NotConfigured(f"--metrics {address}: expected HOST:PORT, such as 127.0.0.1:9100")
    server = ThreadingHTTPServer((host, int(port)), _Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server.server_port
