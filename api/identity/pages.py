"""Where the links in our mails lead: one page that hands the link's token back when its reader says so.

A mail server that looks a link up, as many do, only fetches the page: it uses nothing up.
"""

import base64
import hashlib
import re
from pathlib import Path

from flask import Blueprint, Response

PAGE = Path(__file__).with_name("link.html").read_text()


def _inline(tag: str) -> str:
    text = re.search(f"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
    assert text
    return f"'sha256-{base64.b64encode(hashlib.sha256(text[1].encode()).digest()).decode()}'"


POLICY = (
    f"default-src 'none'; script-src {_inline('script')}; style-src {_inline('style')}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

blueprint = Blueprint("links", __name__, url_prefix="/api/auth/links")


@blueprint.get("/<any('verify-email', 'reset-password', 'accept-invitation'):purpose>")
def show(purpose: str) -> Response:
    """The page, which knows by its own address what it is for."""
    del purpose
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return Response(PAGE, headers=headers, content_type="text/html; charset=utf-8")
