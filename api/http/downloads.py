"""Downloads of any length, sent as they are read, so that a process never holds one as a whole."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from flask import Response, stream_with_context

from api.auth.transactions import request_transaction
from kit.jobs import results


def streamed(parts: Iterable[str], *, content_type: str, filename: str) -> Response:
    """Send the parts one after the other, as a file of this name. Each is read when the one before was sent."""
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    encoded = (part.encode() for part in parts)
    return Response(stream_with_context(encoded), content_type=content_type, headers=headers)


def streamed_result(job_id: UUID | None, *, filename: str) -> Response:
    """Send the result of a job as CSV, as far as it exists; nothing without a job."""
    content_type = "text/csv; charset=utf-8; header=present"
    return streamed(_parts(job_id) if job_id else (), content_type=content_type, filename=filename)


def _parts(job_id: UUID) -> Iterator[str]:
    """The parts, each read in a separate transaction, because a slow client may take minutes."""
    after = -1
    while True:
        with request_transaction():
            found = results.next_part(job_id=job_id, after=after)
        if found is None:
            return
        after, content = found
        yield content
