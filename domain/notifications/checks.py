"""Rules about mails."""

from kit.checks import Check

CHECKS = (
    Check(
        "every mail is sent, or its address was refused",
        """
        SELECT 'mail ' || occasion || ' to ' || recipient || ' is ' || status || ' after ' || attempts || ' attempts'
        FROM mails WHERE status NOT IN ('sent', 'refused')""",
        at_rest=True,
    ),
)
