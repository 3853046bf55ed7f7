"""What is known about one address of the cache (mục trong kho danh sách thu hồi)."""

import hashlib
import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from signing.fetching import Answer
from signing.revocation_check import Span
from signing.trust import AnchorRole

#: after a failure the pause doubles, from this to that
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=1)


class Kind(StrEnum):
    """What an entry holds."""

    LIST = "crl"
    ANSWER = "ocsp"


@dataclass(frozen=True)
class Wanted:
    """What is to be at hand: a list of an issuer, or an answer about one certificate, DER."""

    kind: Kind
    url: str
    issuer: bytes = field(repr=False)
    certificate: bytes = field(default=b"", repr=False)

    @property
    def key(self) -> str:
        """The name of its entry: address and issuer, and for an answer the certificate."""
        digest = hashlib.sha256()
        for part in (self.kind.encode(), self.url.encode(), self.issuer, self.certificate):
            digest.update(hashlib.sha256(part).digest())
        return digest.hexdigest()


@dataclass(frozen=True)
class Entry:
    """What is at hand from one address, until when it counts, and what went wrong last."""

    wanted: Wanted
    roles: frozenset[AnchorRole] = frozenset()
    #: SHA-256 of the bytes; empty while there are none
    digest: str = ""
    size: int = 0
    etag: str = ""
    last_modified: str = ""
    this_update: datetime | None = None
    next_update: datetime | None = None
    fetched_at: datetime | None = None
    used_at: datetime | None = None
    #: when the address is asked again
    due_at: datetime | None = None
    failures: int = 0
    #: the code and the words of the last failure
    problem: str = ""
    problem_text: str = ""

    def is_current(self, now: datetime) -> bool:
        """Tell whether what is at hand still counts (còn hạn)."""
        return self.next_update is not None and now <= self.next_update

    def is_due(self, now: datetime) -> bool:
        """Tell whether the address is to be asked again."""
        return self.due_at is None or self.due_at <= now

    def held(self) -> Answer | None:
        """Return what a server needs to know to say that nothing is new."""
        return Answer(b"", self.etag, self.last_modified) if self.digest else None

    def succeeded(self, now: datetime) -> "Entry":
        """Return the entry after an answer that brought nothing new."""
        assert self.this_update is not None
        assert self.next_update is not None
        return replace(
            self,
            fetched_at=now,
            due_at=_ahead(self.this_update, self.next_update, now),
            failures=0,
            problem="",
            problem_text="",
        )

    def renewed(self, span: Span, answer: Answer, now: datetime) -> "Entry":
        """Return the entry with what came."""
        return replace(
            self,
            digest=hashlib.sha256(span.der).hexdigest(),
            size=len(span.der),
            etag=answer.etag[:200],
            last_modified=answer.last_modified[:200],
            this_update=span.this_update,
            next_update=span.next_update,
        ).succeeded(now)

    def failed(self, code: str, text: str, now: datetime) -> "Entry":
        """Return the entry after a failure: what is at hand stays, the next try waits longer."""
        pause = min(SHORTEST * 2 ** min(self.failures, 16), LONGEST)
        if self.next_update is not None and self.next_update > now:
            pause = max(SHORTEST, min(pause, self.next_update - now))
        return replace(
            self,
            due_at=now + pause,
            failures=self.failures + 1,
            problem=code,
            problem_text=text[:500],
        )

    def to_json(self) -> str:
        """Return the entry as JSON."""
        return json.dumps({one.name: _plain(getattr(self, one.name)) for one in fields(self)})

    @classmethod
    def from_json(cls, text: str) -> "Entry":
        """Read what `to_json` returned; raise ValueError."""
        try:
            data = json.loads(text)
            times = ("this_update", "next_update", "fetched_at", "used_at", "due_at")
            kind, url, issuer, certificate = data["wanted"]
            return cls(
                **{
                    **data,
                    "wanted": Wanted(Kind(kind), url, b64decode(issuer), b64decode(certificate)),
                    "roles": frozenset(map(AnchorRole, data["roles"])),
                    **{
                        name: datetime.fromisoformat(data[name]) if data[name] else None
                        for name in times
                    },
                }
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(text[:80]) from error


def _ahead(this_update: datetime, next_update: datetime, now: datetime) -> datetime:
    """Return when to ask again: in the last quarter of the term, then ever more often."""
    quarter = (next_update - this_update) / 4
    if now < next_update - quarter:
        return next_update - quarter
    return now + min(max((next_update - now) / 4, SHORTEST), LONGEST)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Wanted):
        parts = (value.issuer, value.certificate)
        return [value.kind, value.url, *(b64encode(one).decode() for one in parts)]
    return value
