"""Workers beside those of the stack."""

import sys

from ops.services.process import Process
from ops.services.readiness import output_contains
from ops.stack import Stack
from workers import queues


def second_mail_worker(stack: Stack) -> Process:
    """Another one for the mails' queues; runs while it is entered."""
    words = ["worker", "--queues", ",".join(queues.LOW_PRIORITY_QUEUES)]
    return Process(
        "worker-mails-2",
        [sys.executable, "-m", "ops.cli", *words],
        log=stack.logs / "worker-mails-2.log",
        env=stack.env_of(*words),
        ready=output_contains(" ready."),
    )
