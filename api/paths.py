"""Paths with two slashes in a row, which werkzeug redirects to whatever Host says, or takes for those with one."""

from flask import Flask, abort, request


def refuse_double_slashes(app: Flask) -> None:
    """Answer 404 to them."""

    @app.before_request
    def refuse() -> None:
        if "//" in request.environ["PATH_INFO"]:  # request.path has one at its beginning, however many came
            abort(404)
