"""Request bodies: read completely, or refused."""

from io import BytesIO
from typing import IO, Any

import flask
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream

from api.http import strict_json


class Body(LimitedStream):
    """A body with a known length, or one (`is_max`) of unknown length that must end before its limit."""

    def readinto(self, b: Any) -> int | None:
        """Read more; raises BadRequest for an incomplete body, RequestEntityTooLarge if it reaches its maximum."""
        try:
            read = super().readinto(b)
        except ParseException:
            raise BadRequest("The chunked body is malformed (RFC 9112, section 7.1).") from None
        if self._limit_is_max and self.is_exhausted:
            raise RequestEntityTooLarge
        return read


class Request(flask.Request):
    """A request whose body is complete or refused.

    Werkzeug silently truncates a body at its maximum length and at the end of the connection.
    """

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body; raises RequestEntityTooLarge if its Content-Length is above the maximum."""
        maximum, content_length = self.max_content_length or 0, self.content_length
        if content_length is None:
            is_chunked = "wsgi.input_terminated" in self.environ  # gunicorn reads the chunks
            return Body(self.input_stream, maximum + 1, is_max=True) if is_chunked else BytesIO()
        if content_length > maximum:
            raise RequestEntityTooLarge
        return Body(self.input_stream, content_length)

    @cached_property
    def json_body(self) -> Any:
        """The parsed JSON of the body, cached; raises what strict_json.loads() raises."""
        return strict_json.loads(self.get_data())
