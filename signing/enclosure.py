"""The gap in which a signature lies (khoảng trống chứa chữ ký): the only bytes nobody signed."""

import io
from typing import Any

from asn1crypto import parser
from pyhanko.sign.fields import SigSeedSubFilter

from signing.errors import SigningError


class LooseSignature(SigningError):
    """More than one signature fits into the gap of its range (khoảng trống chứa dữ liệu lạ)."""

    code = "loose-signature"
    vi = (
        "Vùng chứa chữ ký số trong tệp có dữ liệu lạ hoặc sai cấu trúc. "
        "Không dùng tệp này; hãy lấy lại tệp từ nơi gửi."
    )
    en = (
        "The room of the signature in the file holds foreign data or is malformed. "
        "Do not use the file; ask its sender for it again."
    )


class UnboundCertificate(SigningError):
    """The signature does not say whose certificate it is made with (chữ ký không gắn chứng thư)."""

    code = "unbound-certificate"
    vi = (
        "Chữ ký số không gắn với chứng thư số của người ký nên không công nhận được. "
        "Đề nghị bên gửi ký lại bằng phần mềm theo chuẩn PAdES."
    )
    en = (
        "The signature is not bound to its signer's certificate and cannot be recognised. "
        "Ask the sender to sign again with a program that keeps to PAdES."
    )


def check_enclosure(stream: Any, value: Any) -> None:
    """Raise `LooseSignature` unless the range leaves out one hexadecimal string, and it one CMS.

    Whatever else lies in the gap is read by some program and was signed by nobody: bytes wedged
    in, a second CMS, marks in the padding. `stream` is the file, `value` the dictionary of the
    signature.
    """
    try:
        origin, start, end, rest = (_natural(one) for one in value["/ByteRange"])
        contents = bytes(value.raw_get("/Contents").original_bytes)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LooseSignature from error
    size = stream.seek(0, io.SEEK_END)
    if origin != 0 or end - start != 2 * len(contents) + 2 or end + rest > size:
        raise LooseSignature
    stream.seek(start)
    gap = stream.read(end - start)
    if gap.lower() != b"<" + contents.hex().encode("ascii") + b">":
        raise LooseSignature
    if any(contents[_length(contents) :]):
        raise LooseSignature


def check_binding(signature: Any) -> None:
    """Raise `UnboundCertificate` where a PAdES signature does not sign whose certificate it has.

    EN 319 142-1, 6.3: without the attribute, another certificate of the same key fits as well.
    """
    if signature.sig_object["/SubFilter"] != SigSeedSubFilter.PADES.value:
        return
    named = {one["type"].native for one in signature.signer_info["signed_attrs"]}
    if not named & {"signing_certificate", "signing_certificate_v2"}:
        raise UnboundCertificate


def _natural(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise TypeError(type(number).__name__)
    return int(number)


def _length(contents: bytes) -> int:
    """Return how many bytes the first ASN.1 value takes; a BER value ends by its own mark."""
    try:
        return int(parser.peek(contents))
    except ValueError as error:
        raise LooseSignature from error
