"""The key that signs what goes to the axis (khóa ký gói tin), laid into the data directory.

`keys/axis.p12` is what the axis registered for this installation, its passphrase the one line of
`keys/axis.pass`. Unlike the journal's it is never made here: a key the axis does not know is none.
"""

import stat
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from office.finding import Finding, Level
from office.settings import AxisSignature, Settings
from processes.envelope_signature import EnvelopeNotSigned, EnvelopeSigner
from signing.certificate import load_certificate
from signing.errors import SigningError
from signing.keystores.base import KeyStore
from signing.keystores.pkcs12 import Pkcs12KeyStore

#: how long before its end a key is told: a new one has to be asked for and registered
NOTICE = timedelta(days=45)


def envelope_signer(
    settings: Settings, check: Callable[[KeyStore, datetime], None]
) -> EnvelopeSigner | None:
    """Return who signs packets, None where the setting asks for no signature."""
    if settings.axis_signature is AxisSignature.NONE:
        return None
    folder = settings.data / "keys"
    is_advanced = settings.axis_signature is AxisSignature.XADES
    return EnvelopeSigner(lambda: axis_key(folder), check, is_advanced)


@cache
def axis_key(folder: Path) -> Pkcs12KeyStore:
    """Return the key, read once per process; raise `EnvelopeNotSigned`, after which it may mend."""
    data, passphrase = _read(folder / "axis.p12"), _secret(folder / "axis.pass")
    try:
        return Pkcs12KeyStore(data, passphrase)
    except SigningError:
        # not chained: nothing of a passphrase may stand in a traceback
        raise EnvelopeNotSigned.because(
            "không mở được keys/axis.p12: sai mật khẩu, tệp hỏng, hoặc không phải khóa RSA, ECDSA.",
            "keys/axis.p12 does not open: wrong passphrase, damaged, or neither RSA nor ECDSA.",
        ) from None


def look_at_axis_key(
    settings: Settings, check: Callable[[KeyStore, datetime], None], now: datetime
) -> Iterator[Finding]:
    """Tell of a key that cannot sign, or soon cannot; of none where the axis asks for none."""
    signer = envelope_signer(settings, check)
    if signer is None:
        return
    try:
        certificate = load_certificate(signer.key(now).certificate())
    except EnvelopeNotSigned as error:
        yield Finding("axis-key", Level.PROBLEM, error.text("vi"), error.text("en"))
        return
    until = certificate.not_valid_after_utc
    ends = until - now < NOTICE
    yield Finding(
        "axis-key",
        Level.NOTE if ends else Level.OK,
        f"keys/axis.p12 có hiệu lực đến {until:%Y-%m-%d}"
        + ("; xin khóa mới và đăng ký với trục trước ngày đó" if ends else ""),
        f"keys/axis.p12 is valid until {until:%Y-%m-%d}"
        + ("; get a new key and register it with the axis before" if ends else ""),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        name = f"keys/{path.name}"
        missing = isinstance(error, FileNotFoundError)
        raise EnvelopeNotSigned.because(
            f"chưa có {name}." if missing else f"không đọc được {name} ({error.strerror}).",
            f"{name} is missing." if missing else f"{name} cannot be read ({error.strerror}).",
        ) from error


def _secret(path: Path) -> str:
    data = _read(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise EnvelopeNotSigned.because(
            "người khác đọc được keys/axis.pass; chạy chmod 600.",
            "keys/axis.pass can be read by others; run chmod 600.",
        )
    try:
        return data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise EnvelopeNotSigned.because(
            "keys/axis.pass không phải văn bản UTF-8.", "keys/axis.pass is not UTF-8 text."
        ) from None
