"""Passwords and one-time secrets (mật khẩu, mã dùng một lần): rules, hashing, making."""

import secrets
import unicodedata
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import OfficeError
from records.encoding import fold

SHORTEST = 12
LONGEST = 200  # argon2 takes any length; a request does not

HASHER = PasswordHasher()  # argon2id, RFC 9106 second recommended option
#: what is checked when there is no such account, so that it takes the same time
_DECOY = (
    "$argon2id$v=19$m=65536,t=3,p=4"
    "$yxW/LV2nZVRdFvcHdNDISw$U+U+SVh2+zMYAIyW++bPt404pCaMPTIUJZy6nl5Kg2Q"
)
#: letters and digits nobody mistakes for one another on paper
_PLAIN = "abcdefghjkmnpqrstuvwxyz23456789"


class WeakPassword(OfficeError):
    """The password is too easily guessed (mật khẩu yếu)."""

    code = "weak-password"
    vi = (
        "Mật khẩu chưa đủ an toàn: cần từ {shortest} ký tự trở lên, không chứa tên đăng nhập,"
        " không phải dãy lặp hay mật khẩu phổ biến. Nên dùng một câu dễ nhớ gồm nhiều từ."
    )
    en = (
        "This password is too weak: use {shortest} characters or more, without the user name,"
        " no repetition, none of the common ones. A sentence of several words is good."
    )


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    text = files("records").joinpath("data", "common_passwords.txt").read_text("utf-8")
    return frozenset(line.strip() for line in text.splitlines() if line.strip())


def check_strength(password: str, username: str = "") -> None:
    """Raise `WeakPassword` unless the password is long, not common and not the user's name."""
    text = unicodedata.normalize("NFC", password)
    plain = "".join(fold(text).split())
    letters = plain.strip("0123456789!@#$%^&*()-_=+.,?")
    weak = (
        not SHORTEST <= len(text) <= LONGEST
        or len(set(plain)) < 5
        or plain in _common()
        or letters in _common()
        or (len(username) > 2 and fold(username) in plain)
    )
    if weak:
        raise WeakPassword(shortest=SHORTEST)


def hash_password(password: str) -> str:
    """Return the argon2id hash of the password in NFC: typed composed or not, it is the same."""
    return HASHER.hash(unicodedata.normalize("NFC", password))


def matches(password: str, stored: str | None) -> bool:
    """Return whether the password gives the stored hash; with none stored take as long and say no.

    A text longer than any password is not hashed.
    """
    if len(password) > LONGEST:
        return False
    try:
        HASHER.verify(stored or _DECOY, unicodedata.normalize("NFC", password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def needs_rehash(stored: str) -> bool:
    """Return whether a stored hash was made with weaker settings than today's."""
    return HASHER.check_needs_rehash(stored)


def one_time_secret() -> str:
    """Return a secret to hand over once, as `k7mf-2xqa-9hpd-w4ce` (about 79 bits)."""
    return "-".join("".join(secrets.choice(_PLAIN) for _ in range(4)) for _ in range(4))


def new_token(kind: str) -> str:
    """Return a token of 256 bits that begins with its kind."""
    return f"{kind}_{secrets.token_urlsafe(32)}"


def token_hash(token: str) -> bytes:
    """Return what is stored of a token: from it nobody can log in."""
    return sha256(token.encode()).digest()
