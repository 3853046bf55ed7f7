"""What is left of a body that is too large (phần còn lại của nội dung quá lớn)."""

from flask import Request

#: beyond this a client sees its connection end instead of an answer
MOST_DISCARDED = 400 << 20
_CHUNK = 1 << 16


def discard(request: Request) -> None:
    """Read the body that was refused for its declared size, and forget it.

    A client that still writes while the server closes meets a broken pipe and never reads the
    answer. What was read in part already, or is larger still, is left alone.
    """
    length, most = request.content_length, request.max_content_length
    if length is None or most is None or not most < length <= MOST_DISCARDED:
        return
    source = request.environ["wsgi.input"]
    while length > 0 and (piece := source.read(min(length, _CHUNK))):
        length -= len(piece)
