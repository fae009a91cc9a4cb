"""The page behind the links in our mails. It sends the token to the API only when the user confirms.

Many mail servers fetch the links in mails. They only get the page, so the token stays valid.
"""

import base64
import hashlib
import re
from pathlib import Path

from flask import Blueprint, Response

PAGE = Path(__file__).with_name("link_page.html").read_text()


def _hash_of_inline(tag: str) -> str:
    text = re.search(f"<{tag}>(.*?)</{tag}>", PAGE, re.DOTALL)
    assert text
    return f"'sha256-{base64.b64encode(hashlib.sha256(text[1].encode()).digest()).decode()}'"


CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; script-src {_hash_of_inline('script')}; style-src {_hash_of_inline('style')}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

blueprint = Blueprint("links", __name__, url_prefix="/api/auth/links")


@blueprint.get("/<any('verify-email', 'reset-password', 'accept-invitation'):purpose>")
def show(purpose: str) -> Response:
    """Serve the page; its script reads the purpose from the URL."""
    del purpose
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Referrer-Policy": "no-referrer"}
    return Response(PAGE, headers=headers, content_type="text/html; charset=utf-8")
