"""Reads the links in mails, as their recipients do."""

import re
import time

import requests

from kit.errors import Unavailable

MAIL_TIMEOUT = 30.0
"""Seconds to wait for a mail."""


def token_for(email: str, purpose: str, *, inbox_url: str) -> str:
    """Wait for a mail to this address with a link for `purpose`, such as `verify-email`, and return its token.

    Raises Unavailable if there is none in time.
    """
    deadline = time.monotonic() + MAIL_TIMEOUT
    while time.monotonic() < deadline:
        mails = requests.get(f"{inbox_url}/messages.json", params={"to": email}, timeout=10).json()
        for mail in mails:
            link = re.search(rf"/{purpose}#(\S+)", mail["text"])
            if link and mail["to"] == email:
                return link[1]
        time.sleep(0.05)
    raise Unavailable(f"No mail with a link for {purpose} has arrived for {email}.")
