"""Bodies of requests, as they come off the wire: whole, or refused."""

from io import BytesIO
from typing import IO, Any

import flask
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream

from api import strict_json


class Body(LimitedStream):
    """A body that ends before its limit, where that is the most it may have; otherwise one that has so many bytes."""

    def readinto(self, b: Any) -> int | None:
        """Read on; raises BadRequest when it is not whole, RequestEntityTooLarge when it has reached its maximum."""
        try:
            read = super().readinto(b)
        except ParseException:
            raise BadRequest("The body's chunks are not framed as RFC 9112, section 7.1, says.") from None
        if self._limit_is_max and self.is_exhausted:
            raise RequestEntityTooLarge
        return read


class Request(flask.Request):
    """A request whose body is read whole by whoever reads it.

    Werkzeug's is cut, without a word, after the last byte it may have and where the connection ends.
    """

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body; raises RequestEntityTooLarge when it is announced with more bytes than it may have."""
        most, announced = self.max_content_length or 0, self.content_length
        if announced is None:
            ends = "wsgi.input_terminated" in self.environ  # by its chunks, which the server reads
            return Body(self.input_stream, most + 1, is_max=True) if ends else BytesIO()
        if announced > most:
            raise RequestEntityTooLarge
        return Body(self.input_stream, announced)

    @cached_property
    def json_body(self) -> Any:
        """The body's JSON, parsed once; raises what strict_json.loads() raises."""
        return strict_json.loads(self.get_data())
