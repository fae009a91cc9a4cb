"""Working on jobs as a worker does, slice by slice."""

from kit import db
from kit.jobs import slices
from kit.jobs.rows import TASK
from workers import jobs
from workers.tasks import jobs as task


def next_slice():
    """Take the message of the next slice from the outbox, as the relay does; None if there is none."""
    with db.operator_transaction():
        taken = db.run("DELETE FROM outbox WHERE body ->> 'task' = %(task)s RETURNING body -> 'kwargs'", {"task": TASK})
        return next((kwargs for (kwargs,) in taken), None)


def work(kwargs):
    """Work on the slice of this message."""
    slices.work(jobs.declared(), task._slice(**kwargs))


def run_to_its_end():
    """Work until no slice is left."""
    while kwargs := next_slice():
        work(kwargs)
