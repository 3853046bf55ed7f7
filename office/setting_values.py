"""How the value of a setting is read (giá trị cấu hình); raises ValidationError."""

from collections.abc import Callable
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

from marshmallow import ValidationError

from exchange.identity import organ_key
from signing.addresses import read_address
from signing.errors import AddressRefused


def postgres(url: str) -> str:
    """Return the address of a database in the form SQLAlchemy takes."""
    scheme, separator, rest = url.partition("://")
    if not url:
        return ""
    if not separator or scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
        raise ValidationError(f"cần dạng postgresql://… (được {scheme}://…)")
    return f"postgresql+psycopg://{rest}"


def broker(url: str) -> str:
    """Return the address of a broker."""
    if url and url.partition("://")[0] not in {"redis", "rediss", "redis+socket"}:
        raise ValidationError("cần dạng redis://…")
    return url


def origin(url: str) -> str:
    """Return a public address as browsers write it in `Origin`."""
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        name, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError as error:
        raise ValidationError(f"không phải địa chỉ: {error}") from error
    known = {"http": 80, "https": 443}
    beyond = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in known or not name or beyond:
        raise ValidationError("cần dạng https://tên-miền, không kèm đường dẫn")
    host = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{host}" + ("" if port in {None, known[parts.scheme]} else f":{port}")


def program_socket(url: str) -> str:
    """Return where a program on the reader's own machine listens, as a page's policy names it."""
    if not url:
        return ""
    parts = urlsplit(url)
    ours = parts.scheme in {"ws", "wss"} and parts.hostname in {"127.0.0.1", "localhost"}
    if not ours or parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValidationError("cần dạng wss://127.0.0.1:8987, phần mềm trên chính máy của cán bộ")
    return f"{parts.scheme}://{parts.netloc}"


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return addresses and networks written side by side."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValidationError(f"cần địa chỉ IP hoặc dải mạng: {error}") from error


def addresses(text: str) -> tuple[str, ...]:
    """Return the addresses of authorities written side by side."""
    try:
        found = tuple(part.strip() for part in text.split(",") if part.strip())
        for one in found:
            read_address(one)
    except AddressRefused as error:
        raise ValidationError(error.text("vi")) from error
    return found


def one_of(words: type[StrEnum]) -> Callable[[str], StrEnum]:
    """Return what takes one of these words and no other."""

    def parse(text: str) -> StrEnum:
        if text not in set(words):
            raise ValidationError(f"cần một trong: {', '.join(words)}")
        return words(text)

    return parse


def carrier(text: str) -> str:
    """Return where a carrier is: an address without a password in it, or a folder."""
    if not text or text.startswith("/"):
        return text
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ValidationError(f"không phải địa chỉ: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValidationError("cần dạng https://máy-chủ/đường-dẫn hoặc /thư/mục")
    return text.rstrip("/")


def pairs(text: str) -> frozenset[tuple[str, str]]:
    """Return pairs of codes, each written `one:other`, as keys; `*` stays as it is."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    found = frozenset(
        (organ_key(node), organ_key(agency))
        for node, _, agency in (p.partition(":") for p in parts)
    )
    if any(not node or node == "*" or not agency for node, agency in found):
        raise ValidationError("cần dạng NÚT:ĐƠN_VỊ, cách nhau bằng dấu phẩy")
    return found
