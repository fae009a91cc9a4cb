"""Flower as a process, which answers to the names of loopback and to trusted ones alone."""

from typing import Any, ClassVar

from flower import app, command
from tornado.web import RequestHandler

from ops import host_names
from workers.app import create_app


class Refusal(RequestHandler):
    """The answer to a request for another host."""

    def prepare(self) -> None:
        """Answer 400, whatever the method."""
        self.set_status(400)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(host_names.REFUSAL)


class Flower(app.Flower):
    """Flower, but for requests for other hosts."""

    trusted_hosts: ClassVar[tuple[str, ...]] = ()

    def find_handler(self, request: Any, **named: Any) -> Any:
        """See tornado."""
        if not host_names.is_answered(request.headers.get("Host", ""), self.trusted_hosts):
            return self.get_handler_delegate(request, Refusal)
        return super().find_handler(request, **named)


def serve(host: str, port: int, *, trusted_hosts: tuple[str, ...] = ()) -> None:
    """Serve Flower until stopped; FLOWER_* variables set the rest."""
    Flower.trusted_hosts = trusted_hosts
    command.Flower = Flower  # which its command makes by this name
    create_app().start(["flower", f"--address={host}", f"--port={port}"])
