"""How a process of the API ends: it finishes what it has in hand, and whoever comes meanwhile is turned to another."""

from gunicorn.workers.gthread import ThreadWorker


class DrainingWorker(ThreadWorker):
    """Stops listening before it finishes what it has in hand.

    gunicorn's own stops accepting only: whoever connects then waits in vain, and is cut off at last. Refused at once,
    nginx goes to another container, with a POST, too, for nothing of it was sent.
    """

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not (gunicorn's own step, its last with False)."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listening in self.sockets:
                listening.close()
