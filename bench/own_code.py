"""The CPU time of code of our own against that of the library that it is used instead of.

    python -m bench.own_code

Prints the milliseconds of one call, best of three rounds, and the load average.
"""

import os
import time
from collections.abc import Callable, Mapping
from email import policy
from email.message import EmailMessage

import psutil

from domain.notifications import headers, mime
from ops.services import process_tree

ROUNDS, CALLS = 3, 200

PLAIN = "Dear Ada Lovelace,\n\nthank you for your order.\n" + "2 x Notebook, ruled    EUR 39.98\n" * 8
HTML = "<html><body>\n" + "<tr><td>2 x Notebook, ruled</td><td>EUR 39.98</td></tr>\n" * 40 + "</body></html>\n"
ADDRESS, SUBJECT = "ada@example.com", "We have received your order at Paper & Sons"


def own_mail() -> bytes:
    """A mail as domain/notifications builds it."""
    head = (
        headers.mailbox_header("From", display_name="Paper & Sons", address="hello@paper.example")
        + headers.mailbox_header("To", display_name="", address=ADDRESS)
        + headers.text_header("Subject", SUBJECT)
    )
    return head.encode() + mime.alternatives(PLAIN, HTML, boundary="0123456789abcdef")


def library_mail() -> bytes:
    """The same mail as an EmailMessage."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = "Paper & Sons <hello@paper.example>", ADDRESS
    message["Subject"] = SUBJECT
    message.set_content(PLAIN)
    message.add_alternative(HTML, subtype="html")
    return message.as_bytes()


CONTESTS: Mapping[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "a mail's headers and MIME parts: email.message": (own_mail, library_mail),
    "the children of a process: psutil": (
        lambda: process_tree.children(os.getpid()),
        lambda: psutil.Process().children(),
    ),
}


def milliseconds(function: Callable[[], object]) -> float:
    """The CPU milliseconds of one call, best of ROUNDS."""
    rounds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(CALLS):
            function()
        rounds.append(1000 * (time.process_time() - begun) / CALLS)
    return min(rounds)


def main() -> None:
    """Measure and print a table."""
    print("| what: the library | our own, ms | library, ms |\n|---|---|---|")
    for name, (own, library) in CONTESTS.items():
        print(f"| {name} | {milliseconds(own):.3f} | {milliseconds(library):.3f} |")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"\n{len(psutil.pids())} processes, load average {load}")


if __name__ == "__main__":
    main()
