"""One API app per test process: creating one takes longer than most requests."""

from functools import cache

from flask import Flask

from api.app import create_app


@cache
def shared_app() -> Flask:
    """The app, under the settings that all tests share. A test with other settings creates another app."""
    return create_app()
