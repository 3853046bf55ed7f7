"""One message each way over a WebSocket (RFC 6455): what a program at a desk needs of it."""

import base64
import hashlib
import struct
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase

_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE = 0x1, 0x8
LARGEST_MESSAGE = 1 << 20


class NoMessage(ConnectionError):
    """The other side closed, or sent something else than a masked message of a bearable size."""


def upgrade(handler: BaseHTTPRequestHandler) -> None:
    """Answer the request that opens a socket (section 4.2.2); raise `NoMessage` for another."""
    key = handler.headers.get("Sec-WebSocket-Key", "")
    if "websocket" not in handler.headers.get("Upgrade", "").lower() or not key:
        handler.send_error(426)
        raise NoMessage
    accept = base64.b64encode(hashlib.sha1(key.encode() + _ACCEPT).digest()).decode()  # noqa: S324 - as the RFC says
    handler.send_response(101)
    for name, value in (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", accept),
    ):
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.flush()


def receive(stream: BufferedIOBase) -> str:
    """Return the next message, whole; raise `NoMessage`."""
    message = b""
    while True:
        first, second = _exactly(stream, 2)
        opcode, length = first & 0x0F, second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", _exactly(stream, 2))
        elif length == 127:
            (length,) = struct.unpack(">Q", _exactly(stream, 8))
        # section 5.1: what a browser sends is masked
        if opcode == CLOSE or not second & 0x80 or len(message) + length > LARGEST_MESSAGE:
            raise NoMessage
        mask, masked = _exactly(stream, 4), _exactly(stream, length)
        if opcode <= TEXT:
            message += bytes(byte ^ mask[at % 4] for at, byte in enumerate(masked))
            if first & 0x80:
                return message.decode("utf-8")


def send(stream: BufferedIOBase, message: str) -> None:
    """Send one message and say that there is no other."""
    data = message.encode("utf-8")
    if len(data) < 126:
        head = bytes([0x80 | TEXT, len(data)])
    elif len(data) < 1 << 16:
        head = bytes([0x80 | TEXT, 126]) + struct.pack(">H", len(data))
    else:
        head = bytes([0x80 | TEXT, 127]) + struct.pack(">Q", len(data))
    stream.write(head + data + bytes([0x80 | CLOSE, 2]) + struct.pack(">H", 1000))
    stream.flush()


def _exactly(stream: BufferedIOBase, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise NoMessage
    return data
