"""The installation's signature on what it sends (chữ ký số trên gói tin), where the axis asks.

The worker sends and nobody is there to type a PIN, so the key is the machine's: the one the axis
registered for this installation. It attests who sent the packet, never what a document says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from engine.errors import Named, OfficeError
from signing.certificate_errors import AuthorityUnknown
from signing.errors import SigningError
from signing.keystores.base import KeyStore
from signing.xml import sign_xml


class EnvelopeNotSigned(OfficeError):
    """The axis wants signed packets and the key cannot sign (gói tin chưa ký được)."""

    code = "envelope-not-signed"
    status = 503
    vi = (
        "Trục liên thông đòi chữ ký số trên gói tin (CONGVAN_AXIS_SIGNATURE) nhưng chưa ký được "
        "nên chưa gửi gì: {reason} Quản trị đặt khóa đã đăng ký với trục vào keys/axis.p12, mật "
        "khẩu vào keys/axis.pass (chmod 600), khởi động lại, rồi cho làm lại sự cố này."
    )
    en = (
        "The axis wants packets signed (CONGVAN_AXIS_SIGNATURE), this one could not be, and "
        "nothing was sent: {reason} Put the key registered with the axis into keys/axis.p12 and "
        "its passphrase into keys/axis.pass (chmod 600), start again, then retry this incident."
    )

    @classmethod
    def because(cls, vi: str, en: str) -> "EnvelopeNotSigned":
        """Return the error with its reason in both languages, each a sentence."""
        return cls(reason=Named(cls.code, (vi, en)))


@dataclass(frozen=True, slots=True)
class EnvelopeSigner:
    """Signs packets before they leave (người ký gói tin): XML-DSig, or XAdES-B if `is_advanced`.

    `open_key` raises `EnvelopeNotSigned`; `check` raises what speaks against the certificate now.
    """

    open_key: Callable[[], KeyStore]
    check: Callable[[KeyStore, datetime], None]
    is_advanced: bool = False

    def key(self, at: datetime) -> KeyStore:
        """Return the key if it may sign at `at`; raise `EnvelopeNotSigned`.

        Whether its issuer is trusted is the axis's own affair, not our list's.
        """
        keystore = self.open_key()
        try:
            self.check(keystore, at)
        except AuthorityUnknown:
            return keystore
        except SigningError as error:
            raise EnvelopeNotSigned.because(error.text("vi"), error.text("en")) from error
        return keystore

    def sign(self, data: bytes, at: datetime) -> bytes:
        """Return the packet with its signature in the header; raise `EnvelopeNotSigned`."""
        keystore = self.key(at)
        claimed_at = at if self.is_advanced else None
        try:
            return sign_xml(data, keystore, parent="edXMLHeader", claimed_at=claimed_at)
        except SigningError as error:
            raise EnvelopeNotSigned.because(error.text("vi"), error.text("en")) from error
