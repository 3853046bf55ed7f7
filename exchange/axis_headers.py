"""Header authentication of the axis adapter: every parameter is a signed HTTP header.

A parameter `h` travels as `XroadVnpt-h`; `XroadVnpt-sign-header` is a JSON object of these headers,
`XroadVnpt-sign-header-key` their names joined with `;`, and `XroadVnpt-hash-header` the hex
HMAC-SHA256 of that JSON text under the secret of the system id. Order inside the JSON is the
sender's, so the text as transmitted is what is verified. A message is covered by the parameter
`hash-file`, the hex SHA-256 of its bytes; see `covered` for what deployed clients make of it.
"""

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from exchange.clock import VIETNAM
from exchange.errors import ExchangeError

PREFIX: Final = "XroadVnpt-"
VERSION: Final = "3.0.201608"
BODY_DIGEST: Final = "hash-file"
_SIGNATURE: Final = frozenset({"sign-header-key", "sign-header", "hash-header", "version"})


class NotAuthentic(ExchangeError):
    """A call to the axis is not signed as it must be (không xác thực được hệ thống gọi)."""

    code = "axis-not-authentic"
    status = 401
    vi = "Không xác thực được hệ thống gọi trục liên thông: {reason_vi}."
    en = "The calling system cannot be authenticated: {reason_en}."


@dataclass(frozen=True)
class SignedCall:
    """A verified call: who calls and with which parameters (names in lower case).

    `is_stale` says that its timestamp is another time than ours: deployed clients set it once.
    """

    system_id: str
    parameters: Mapping[str, str]
    is_stale: bool = False


def sign(
    parameters: Mapping[str, str],
    body: bytes,
    system_id: str,
    secret: str,
    at: datetime,
    *,
    ascii_only: bool = True,
) -> dict[str, str]:
    """Return the headers of one call, signed for the moment `at`.

    With `ascii_only` the signed text escapes what is not ASCII, so that no proxy can change it.
    """
    local = at.astimezone(VIETNAM)
    stamp = f"{local:%d%m%YT%H%M%S}+{local.microsecond // 1000:04d}"
    stated = {**parameters, "systemid": system_id, "timestamp": stamp}
    if body:
        stated[BODY_DIGEST] = sha256(body).hexdigest()
    stated = {PREFIX + name: _one_line(value) for name, value in stated.items()}
    text = json.dumps(stated, separators=(",", ":"), ensure_ascii=ascii_only)
    return {
        # header values are octets: UTF-8 shown through Latin-1, as HTTP libraries want it
        **{name: value.encode().decode("latin-1") for name, value in stated.items()},
        PREFIX + "sign-header-key": ";".join(stated),
        PREFIX + "sign-header": text.encode().decode("latin-1"),
        PREFIX + "hash-header": _mac(secret, text),
        PREFIX + "version": VERSION,
    }


def verify(
    headers: Mapping[str, str],
    secret_of: Callable[[str], str | None],
    at: datetime,
    window: timedelta,
) -> SignedCall:
    """Verify one call and return what it states; raises NotAuthentic.

    Refused are an unknown system, a wrong HMAC, and a parameter header that is not signed or
    differs from the signed text. A time outside ±`window` is told, see `ensure_fresh`; a body is
    judged by whoever reads it, see `covered`.
    """
    sent = {
        name.lower()[len(PREFIX) :]: value
        for name, value in headers.items()
        if name.lower().startswith(PREFIX.lower())
    }
    text = _octets(sent.get("sign-header", ""))
    signed = _signed(text)
    secret = secret_of(signed.get("systemid", ""))
    # an unknown system costs the same work as a wrong secret
    expected = _mac(secret or "", text)
    given = sent.get("hash-header", "").strip().lower()
    if not hmac.compare_digest(expected.encode(), given.encode()) or not secret:
        raise _refusal("sai mã hệ thống hoặc khóa bí mật", "wrong system id or secret")
    _check_coverage(sent, signed)
    moment = _moment(signed.get("timestamp", ""))
    is_stale = moment is None or abs(at - moment) > window
    return SignedCall(signed["systemid"], signed, is_stale)


def covered(call: SignedCall, body: bytes) -> bytes:
    """Return the bytes of a body that the signed digest covers; raises NotAuthentic for none.

    The SDK of the national adapter writes a line break behind the file, and each byte of the digest
    without its leading zero.
    """
    stated = call.parameters.get(BODY_DIGEST, "").strip().lower()
    if not body and not stated:
        return body
    for data in (body, body.removesuffix(b"\r\n")):
        digest = sha256(data).digest()
        if stated in (digest.hex(), "".join(f"{byte:x}" for byte in digest)):
            return data
    vi = "nội dung gửi không khớp mã băm đã ký (hash-file)"
    raise _refusal(vi, "the body does not match its signed hash-file")


def ensure_fresh(call: SignedCall, window: timedelta) -> None:
    """Raise NotAuthentic for a stale call, where only our own programs call."""
    if call.is_stale:
        minutes = int(window.total_seconds() // 60)
        vi = f"thời điểm gọi lệch quá {minutes} phút, hãy kiểm tra đồng hồ máy chủ"
        raise _refusal(vi, f"the timestamp is more than {minutes} minutes off")


def _one_line(value: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def _signed(text: str) -> dict[str, str]:
    try:
        stated = json.loads(text)
    except (ValueError, RecursionError):
        stated = None
    if not isinstance(stated, dict) or not all(_is_text(value) for value in stated.values()):
        raise _refusal("thiếu phần tiêu đề đã ký (sign-header)", "no signed headers")
    return {str(name).lower().removeprefix(PREFIX.lower()): v for name, v in stated.items()}


def _is_text(value: object) -> bool:
    """Say whether a value could stand in a header: no other part has to think of NUL."""
    return isinstance(value, str) and "\0" not in value


def _check_coverage(sent: Mapping[str, str], signed: Mapping[str, str]) -> None:
    for name, value in sent.items():
        if name not in _SIGNATURE and signed.get(name) != _octets(value):
            raise _refusal(f"tiêu đề {name} không được ký", f"the header {name} is not signed")
    keys = sent.get("sign-header-key", "").lower().split(";")
    if {key.strip().removeprefix(PREFIX.lower()) for key in keys} != set(signed):
        vi = "danh sách tiêu đề đã ký không khớp (sign-header-key)"
        raise _refusal(vi, "sign-header-key does not list the signed headers")


def _octets(value: str) -> str:
    try:
        return value.encode("latin-1").decode()
    except ValueError:
        return value


def _moment(text: str) -> datetime | None:
    """Read ddMMyyyy'T'HHmmss; what follows are milliseconds, which do not matter here."""
    try:
        return datetime.strptime(text[:15], "%d%m%YT%H%M%S").replace(tzinfo=VIETNAM)
    except ValueError:
        return None


def _mac(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), sha256).hexdigest()


def _refusal(reason_vi: str, reason_en: str) -> NotAuthentic:
    return NotAuthentic(reason_vi=reason_vi, reason_en=reason_en)
