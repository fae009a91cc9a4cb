"""Swagger UI's own files, served from the installed package: nothing is fetched from elsewhere."""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, send_from_directory

DIST = Path(flask_swagger_ui.__file__).with_name("dist")

blueprint = Blueprint("swagger-ui", __name__, url_prefix="/api/docs/assets")


@blueprint.get("/<path:filename>")
def asset(filename: str) -> Response:
    """One of the files."""
    return send_from_directory(DIST, filename, max_age=86_400)
