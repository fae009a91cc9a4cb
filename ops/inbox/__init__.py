"""The local mail inbox: takes every mail by SMTP, keeps it on disk and shows it on a web page. For development only."""

from ops.inbox.process import serve

__all__ = ["serve"]
