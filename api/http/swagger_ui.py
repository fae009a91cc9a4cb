"""The files of Swagger UI, served from the installed package instead of a CDN."""

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, send_from_directory

DIST = Path(flask_swagger_ui.__file__).with_name("dist")

blueprint = Blueprint("swagger-ui", __name__, url_prefix="/api/docs/assets")


@blueprint.get("/<path:filename>")
def asset(filename: str) -> Response:
    """Serve one file of Swagger UI."""
    return send_from_directory(DIST, filename, max_age=86_400)
