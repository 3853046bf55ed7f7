"""One question to a server over HTTP (hỏi máy chủ), bounded in time and size."""

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

_BLOCK = 65_536


class Unanswered(Exception):
    """The server gave no answer that can be used (không có câu trả lời); the text says why."""


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, seconds: float, limit: int
) -> tuple[bytes, str]:
    """Return the answer to a POST and its media type; raise `Unanswered`.

    The whole exchange takes at most `seconds` and `limit` bytes of answer. No redirect is followed
    and no proxy asked: the address is the one an administrator chose.
    """
    try:
        return _post(url, body, headers, time.monotonic() + seconds, limit)
    except TimeoutError:
        raise Unanswered("quá thời gian chờ") from None
    except ssl.SSLCertVerificationError:
        raise Unanswered("chứng thư máy chủ không tin cậy") from None
    except ConnectionRefusedError:
        raise Unanswered("máy chủ không nhận kết nối") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unanswered(type(error).__name__) from error


def _post(
    url: str, body: bytes, headers: Mapping[str, str], deadline: float, limit: int
) -> tuple[bytes, str]:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Unanswered("địa chỉ không hợp lệ")
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    wire = make(parts.hostname, parts.port, timeout=_left(deadline))
    try:
        wire.connect()
        # kept: the connection lets go of it when the server closes behind its answer
        sock = wire.sock
        sock.settimeout(_left(deadline))
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        wire.request("POST", path, body, dict(headers))
        with wire.getresponse() as answer:
            if answer.status != http.HTTPStatus.OK:
                raise Unanswered(f"HTTP {answer.status}")
            data = _read(sock, answer, deadline, limit)
            return data, answer.headers.get_content_type()
    finally:
        wire.close()


def _read(
    sock: socket.socket,
    answer: http.client.HTTPResponse,
    deadline: float,
    limit: int,
) -> bytes:
    blocks, size = [], 0
    while block := answer.read1(_BLOCK):
        size += len(block)
        if size > limit:
            raise Unanswered(f"câu trả lời lớn hơn {limit} byte")
        blocks.append(block)
        sock.settimeout(_left(deadline))
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(blocks)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
