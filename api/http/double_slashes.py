"""Refuse paths with double slashes: werkzeug redirects them to the host in the Host header, or ignores one slash."""

from flask import Flask, abort, request


def register(app: Flask) -> None:
    """Respond 404 to paths with double slashes."""

    @app.before_request
    def refuse() -> None:
        if "//" in request.environ["PATH_INFO"]:  # request.path has merged slashes at its start
            abort(404)
