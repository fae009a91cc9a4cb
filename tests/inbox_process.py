"""The mail inbox as a process that tests can kill and restart with the same ports and mails."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from ops.services.ports import free_port
from tests.processes import python_command

SERVE = (
    "import sys; from pathlib import Path; from ops.inbox import serve;"
    "serve('127.0.0.1', int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))"
)


@dataclass
class InboxProcess:
    maildir: Path
    smtp_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] = field(init=False)

    def start(self) -> None:
        arguments = [str(self.smtp_port), str(self.http_port), str(self.maildir)]
        self.process = subprocess.Popen(python_command(SERVE, *arguments), stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline()
        assert ready == f"inbox {self.smtp_url} {self.url}\n", "the inbox did not start; stderr says why"

    @property
    def smtp_url(self) -> str:
        return f"smtp://127.0.0.1:{self.smtp_port}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def messages(self, to: str = "") -> list[dict[str, str]]:
        answer = requests.get(f"{self.url}/messages.json", params={"to": to}, timeout=5)
        answer.raise_for_status()
        return answer.json()

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        self.process.kill()
        self._ended()

    def restart(self) -> None:
        """Kill it if it still runs, and start it on the same ports and mails."""
        self.kill()
        self.start()

    def _ended(self) -> int:
        code = self.process.wait(timeout=10)
        self.process.stdout.close()
        return code


@contextmanager
def running_inbox(maildir: Path) -> Iterator[InboxProcess]:
    """An inbox on free ports, keeping its mails in `maildir`; killed at the end."""
    inbox = InboxProcess(maildir)
    inbox.start()
    try:
        yield inbox
    finally:
        inbox.kill()
