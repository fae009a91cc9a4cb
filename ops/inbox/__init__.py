"""The local mail inbox for development: receives mails by SMTP, stores them on disk, shows them on a web page."""

from ops.inbox.process import serve

__all__ = ["serve"]
