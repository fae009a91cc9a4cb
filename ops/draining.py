"""How a process of the API begins, and how it ends.

It ends having finished what it has in hand, and whoever comes meanwhile is turned to another.
"""

from gunicorn.workers.gthread import ThreadWorker

from kit import garbage


class DrainingWorker(ThreadWorker):
    """Stops listening before it finishes what it has in hand.

    gunicorn's own stops accepting only: whoever connects then waits in vain, and is cut off at last. Refused at once,
    nginx goes to another container, with a POST, too, for nothing of it was sent.
    """

    def load_wsgi(self) -> None:
        """Load the app (gunicorn's own step, its last before it serves)."""
        super().load_wsgi()
        garbage.spare_what_stays()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not (gunicorn's own step, its last with False)."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listening in self.sockets:
                listening.close()
