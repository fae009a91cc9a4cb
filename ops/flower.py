"""Flower as a process that accepts only trusted host names."""

from typing import Any, ClassVar

from flower import app, command
from tornado.web import RequestHandler

from ops import host_names
from workers.app import create_app


class RefuseUnknownHost(RequestHandler):
    """Refuses a request whose `Host` header has a name that is neither of loopback nor trusted."""

    def prepare(self) -> None:
        """Answer 400, whatever the method."""
        self.set_status(400)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(host_names.REFUSAL_MESSAGE)


class Flower(app.Flower):
    """Flower that refuses requests to host names that are not trusted (see ops/host_names.py)."""

    trusted_hosts: ClassVar[tuple[str, ...]] = ()

    def find_handler(self, request: Any, **named: Any) -> Any:
        """See tornado."""
        if not host_names.is_allowed(request.headers.get("Host", ""), self.trusted_hosts):
            return self.get_handler_delegate(request, RefuseUnknownHost)
        return super().find_handler(request, **named)


def serve(host: str, port: int, *, trusted_hosts: tuple[str, ...] = ()) -> None:
    """Serve Flower until stopped; FLOWER_* variables are its options."""
    Flower.trusted_hosts = trusted_hosts
    command.Flower = Flower  # its command instantiates the class by this name
    create_app().start(["flower", f"--address={host}", f"--port={port}"])
