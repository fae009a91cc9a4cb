"""The inbox as a process with an SMTP and an HTTP server."""

import asyncio
import logging
import signal
from functools import partial
from pathlib import Path
from threading import Thread

from werkzeug.serving import BaseWSGIServer, make_server

from ops.inbox.maildir import Maildir
from ops.inbox.smtp import Server, SmtpHandler
from ops.inbox.web import create_app


def serve(host: str, smtp_port: int, http_port: int, maildir: Path, *, trusted_hosts: tuple[str, ...] = ()) -> None:
    """Serve until SIGTERM or SIGINT; port 0 uses a free one.

    The pages accept the host names of loopback, and `trusted_hosts`.

    Prints one line when both servers listen: `inbox smtp://host:port http://host:port`. Raises OSError if a port is
    in use.
    """
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    mails = Maildir(maildir)
    web = make_server(host, http_port, create_app(mails, trusted_hosts=trusted_hosts), threaded=True)
    try:
        asyncio.run(_serve(host, smtp_port, mails, web))
    finally:
        web.server_close()


async def _serve(host: str, smtp_port: int, mails: Maildir, web: BaseWSGIServer) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    session = partial(Server, SmtpHandler(mails), hostname="inbox", ident="OrderX inbox")
    smtp = await loop.create_server(session, host, smtp_port)
    pages = Thread(target=web.serve_forever)
    pages.start()
    smtp_port = smtp.sockets[0].getsockname()[1]
    print(f"inbox smtp://{host}:{smtp_port} http://{host}:{web.port}", flush=True)
    await stop.wait()
    smtp.close()
    web.shutdown()
    pages.join()
