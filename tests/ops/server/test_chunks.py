"""The end of a chunked body is detected at the same position as by gunicorn's parser."""

from io import BytesIO
from types import SimpleNamespace

import pytest
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import IterUnreader
from hypothesis import given
from hypothesis import strategies as st

from ops.server.chunks import ChunkedBodyEnd

LARGEST = 1000
EXTENSIONS = st.sampled_from([b"", b";a", b' ; a="b;c"', b";a=b;c"])
TRAILERS = st.sampled_from([b"", b"X-Sum: 1\r\n", b"X-Sum: 1\r\nX-More: 2\r\n"])
CHUNKS = st.lists(st.tuples(st.binary(min_size=1, max_size=30), EXTENSIONS), max_size=6)


def framed(chunks, trailers: bytes) -> bytes:
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(data), extension, data) for data, extension in chunks)
    return body + b"0\r\n" + trailers + b"\r\n"


def parsed(sent: bytes) -> bytes | None:
    """What gunicorn makes of a body; None when it is malformed or not all there."""
    request = SimpleNamespace(parse_headers=lambda *_, **__: [], trailers=[])
    body = BytesIO()
    reader = ChunkedReader(request, IterUnreader([sent]))
    try:
        while data := reader.read(4096):
            body.write(data)
    except (ParseException, OSError):
        return None
    return body.getvalue()


class TestChunkedEnd:
    @given(CHUNKS, TRAILERS, st.binary(max_size=20))
    def test_is_complete_with_the_last_byte_only(self, chunks, trailers, next_request):
        whole = framed(chunks, trailers)
        end = ChunkedBodyEnd(LARGEST)
        came = bytearray()
        for byte in whole[:-1]:
            came.append(byte)
            assert not end.is_complete(came)
        came += whole[-1:] + next_request
        assert end.is_complete(came)
        assert end.is_whole
        assert parsed(whole) == b"".join(data for data, _ in chunks)

    @given(CHUNKS, TRAILERS, st.data())
    def test_agrees_with_gunicorn_on_what_is_complete(self, chunks, trailers, data):
        spoilt = bytearray(framed(chunks, trailers))
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, len(spoilt) - 1))
            spoilt[at : at + data.draw(st.integers(0, 2))] = data.draw(
                st.sampled_from([b"", b"\n", b"\r", b"-", b"f", b"0"])
            )
        end = ChunkedBodyEnd(LARGEST)
        if parsed(bytes(spoilt)) is not None:
            assert end.is_complete(spoilt)
        elif not end.is_complete(spoilt):
            assert not end.is_whole

    @pytest.mark.parametrize(
        "sent",
        [
            b"zz\r\n", b"-5\r\n", b"0x5\r\n", b"1_0\r\n", b"\r\n", b"5\n", b"5\r\nabcdeXX", b"0\r\nX: y\n\r\n",
            b"fffffffff\r\n", b"5;" + b"x" * 9000,
        ],
    )  # fmt: skip
    def test_does_not_wait_for_the_rest_of_a_malformed_body(self, sent):
        end = ChunkedBodyEnd(LARGEST)
        assert end.is_complete(bytearray(sent))
        assert not end.is_whole

    def test_does_not_wait_for_the_rest_of_a_body_that_is_too_large(self):
        assert ChunkedBodyEnd(LARGEST).is_complete(bytearray(b"ffff\r\n" + b"x" * (LARGEST + 3)))
        assert not ChunkedBodyEnd(LARGEST).is_complete(bytearray(b"ffff\r\n" + b"x" * LARGEST))
        assert ChunkedBodyEnd(LARGEST).is_complete(bytearray(b"1\r\nx\r\n" * (LARGEST // 2)))
        assert ChunkedBodyEnd(10**6).is_complete(bytearray(b"1\r\nx\r\n" * 20_000))
