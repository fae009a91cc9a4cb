"""Following the links in mails, as those do who get them."""

import re
import time

import requests

from kit.errors import Unavailable

PATIENCE = 30.0
"""Seconds a mail may take."""


def token_for(email: str, purpose: str, *, inbox_url: str) -> str:
    """The token in the newest mail to this address with a link for `purpose` (`verify-email`), once there is one.

    Raises Unavailable when none comes.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        mails = requests.get(f"{inbox_url}/messages.json", params={"to": email}, timeout=10).json()
        for mail in mails:
            link = re.search(rf"/{purpose}#(\S+)", mail["text"])
            if link and mail["to"] == email:
                return link[1]
        time.sleep(0.05)
    raise Unavailable(f"No mail with a link to {purpose} has come to {email}.")
