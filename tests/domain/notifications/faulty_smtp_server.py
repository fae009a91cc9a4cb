"""An SMTP server with scripted replies, for faults that a real one does not produce on demand."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ANSWERS = {"GREETING": "220 ready", "DATA": "354 go on", "QUIT": "221 bye"}
HANG_UP, SILENCE = "hang up", "silence"


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self):
        self.server.connections += 1
        verb = "GREETING"
        while self.answer(verb):
            if verb == "DATA" and self.server.answers.get("DATA", "354").startswith("354"):
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                verb = "CONTENT"
            else:
                verb = self.rfile.readline().decode().strip().partition(" ")[0].upper()

    def answer(self, verb):
        match self.server.answers.get(verb, ANSWERS.get(verb, "250 fine")):
            case _ if not verb:
                return False
            case "hang up":
                return False
            case "silence":
                self.server.closing.wait()
                return False
            case words:
                self.wfile.write(words.encode() + b"\r\n")
                return verb != "QUIT"


class FaultySmtpServer(socketserver.ThreadingTCPServer):
    """`answers` maps a verb (also GREETING and CONTENT) to a reply, HANG_UP or SILENCE; `connections` counts."""

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.answers, self.connections, self.closing = answers, 0, threading.Event()
        self.url = f"smtp://127.0.0.1:{self.server_address[1]}"


@contextmanager
def faulty_smtp_server(**answers: str) -> Iterator[FaultySmtpServer]:
    with FaultySmtpServer(answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
