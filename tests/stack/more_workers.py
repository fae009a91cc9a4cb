"""Workers in addition to those of the stack."""

import sys

from ops.services.process import Process
from ops.services.readiness import output_contains
from ops.stack import Stack
from workers import queues


def second_mail_worker(stack: Stack) -> Process:
    """A second worker for the mail queues; it runs while the context is entered."""
    words = ["worker", "--queues", ",".join(queues.LOW_PRIORITY_QUEUES)]
    return Process(
        "worker-mails-2",
        [sys.executable, "-m", "ops.cli", *words],
        log=stack.logs / "worker-mails-2.log",
        env=stack.env_for(*words),
        ready=output_contains(" ready."),
    )
