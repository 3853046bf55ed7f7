"""Lists and answers kept at hand (kho danh sách thu hồi), shared by all processes of a machine.

A folder of files: what was asked for, by address and issuer, as JSON; the bytes, by their digest.
What comes from the net is kept only when the issuer signed it and it is no older than what is at
hand, so a lying server changes nothing. One asks, all others wait for it and read what it got.
"""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from signing.errors import AddressRefused, AnswerRefused, NotReachable, SigningError
from signing.fetching import Fetcher
from signing.policy import ValidationPolicy
from signing.revocation import OcspAnswer, Revocation, RevocationList
from signing.revocation_check import Span, check_answer, check_list, ocsp_request
from signing.revocation_entry import Entry, Kind, Wanted
from signing.trust import AnchorRole

LARGEST_ANSWER = 1 << 16
#: how exactly it is known when an entry was last needed, and how long an answer is kept since
USED, FORGOTTEN = timedelta(hours=1), timedelta(days=7)


@dataclass(frozen=True)
class RevocationCache:
    """The folder, how it is filled, and by which policy what comes is judged."""

    folder: Path
    fetcher: Fetcher
    policy: ValidationPolicy = field(default_factory=ValidationPolicy)

    def ensure(self, chain: Sequence[bytes], role: AnchorRole, now: datetime) -> list[SigningError]:
        """Have at hand what tells whether a chain, DER, signer first, was withdrawn.

        Return what failed, one per certificate; addresses that are not allowed are passed over.
        With everything at hand no request is made.
        """
        failed = []
        for certificate, issuer in pairwise(chain):
            problem: SigningError | None = None
            for wanted in self.wanted_for(certificate, issuer):
                try:
                    self.refresh(wanted, role, now)
                except SigningError as error:
                    problem = error
                else:
                    problem = None
                    break
            if problem is not None:
                failed.append(problem)
        return failed

    def wanted_for(self, certificate: bytes, issuer: bytes) -> list[Wanted]:
        """Return what tells about a certificate at allowed addresses: lists first, they last."""
        extensions = x509.load_der_x509_certificate(certificate).extensions
        lists = [Wanted(Kind.LIST, url, issuer) for url in _list_addresses(extensions)]
        answers = [
            Wanted(Kind.ANSWER, url, issuer, certificate) for url in _answer_addresses(extensions)
        ]
        return [one for one in (*lists, *answers) if self.fetcher.allowed.allows(one.url)]

    def refresh(self, wanted: Wanted, role: AnchorRole, now: datetime) -> Entry:
        """Return what is at hand, asked for anew where it is due and no other does so just now.

        While what is at hand still counts a failure is only noted; otherwise raise
        `AddressRefused`, `AnswerRefused` or `NotReachable`, also for a failure a moment ago.
        """
        if not self.fetcher.allowed.allows(wanted.url):
            raise AddressRefused(url=wanted.url[:200])
        with self._alone(wanted.key):
            entry = known = self._entry(wanted.key) or Entry(wanted)
            if role not in entry.roles or not entry.used_at or entry.used_at + USED < now:
                entry = replace(entry, roles=entry.roles | {role}, used_at=now)
            failure: SigningError | None = None
            if entry.is_due(now):
                try:
                    entry = self._asked(entry, now)
                except SigningError as error:
                    entry = entry.failed(error.code, error.text("vi"), now)
                    failure = error
            if entry != known:
                self._write(f"{wanted.key}.json", entry.to_json().encode())
        if entry.is_current(now):
            return entry
        raise failure or NotReachable(url=wanted.url, reason=entry.problem_text)

    def refresh_due(self, now: datetime) -> list[Entry]:
        """Ask again for the lists whose term nears its end; return the entries that failed."""
        failed = []
        for entry in self.entries():
            wanted = entry.wanted
            if wanted.kind is not Kind.LIST or not entry.is_due(now):
                continue
            for role in entry.roles:
                try:
                    found = self.refresh(wanted, role, now)
                except SigningError:
                    found = self._entry(wanted.key) or entry
            if found.failures:
                failed.append(found)
        return failed

    def entries(self) -> list[Entry]:
        """Return all that is known, by address."""
        found = [self._entry(path.stem) for path in self.folder.glob("*.json")]
        return sorted(
            (one for one in found if one is not None), key=lambda one: (one.wanted.url, one.digest)
        )

    def revocation(self) -> Revocation:
        """Return what is at hand for a validation, which asks nobody."""
        lists, answers = [], []
        for entry in self.entries():
            der = self._bytes(entry.digest)
            if der is None:
                continue
            if entry.wanted.kind is Kind.LIST:
                lists.append(RevocationList(entry.wanted.url, der, entry.roles))
            else:
                answers.append(OcspAnswer(entry.wanted.url, der, entry.roles))
        return Revocation(tuple(lists), self.fetcher.allowed.prefixes, tuple(answers))

    def sweep(self, now: datetime) -> None:
        """Forget answers nobody needed for a week, and bytes no entry names."""
        kept = set()
        for entry in self.entries():
            old = entry.used_at is not None and entry.used_at + FORGOTTEN < now
            if old and entry.wanted.kind is Kind.ANSWER:
                (self.folder / f"{entry.wanted.key}.json").unlink(missing_ok=True)
            else:
                kept.add(entry.digest)
        for path in self.folder.glob("*.der"):
            # one just written may not be named yet
            age = now.timestamp() - path.stat().st_mtime
            if path.stem not in kept and age > USED.total_seconds():
                path.unlink(missing_ok=True)

    def _asked(self, entry: Entry, now: datetime) -> Entry:
        wanted = entry.wanted
        if wanted.kind is Kind.LIST:
            # what was damaged on the disk is asked for as if it had never come
            whole = self._bytes(entry.digest) is not None
            answer = self.fetcher.fetch(wanted.url, held=entry.held() if whole else None)
            if answer.not_modified:
                return self._unchanged(entry, now)
            span = check_list(answer.body, wanted.issuer, self.policy, now, wanted.url)
        else:
            answer = replace(self.fetcher, largest=LARGEST_ANSWER).fetch(
                wanted.url,
                body=ocsp_request(wanted.certificate, wanted.issuer),
                kind="application/ocsp-request",
            )
            span = check_answer(
                answer.body, wanted.certificate, wanted.issuer, self.policy, now, wanted.url
            )
        self._refuse_older(entry, span)
        self._write(f"{hashlib.sha256(span.der).hexdigest()}.der", span.der)
        return entry.renewed(span, answer, now)

    def _unchanged(self, entry: Entry, now: datetime) -> Entry:
        if not entry.is_current(now):
            raise AnswerRefused(url=entry.wanted.url, reason="danh sách mới chưa được phát hành")
        return entry.succeeded(now)

    def _refuse_older(self, entry: Entry, span: Span) -> None:
        if entry.this_update is not None and span.this_update < entry.this_update:
            raise AnswerRefused(
                url=entry.wanted.url, reason=f"cũ hơn bản đang có ({span.this_update.isoformat()})"
            )

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Keep all others, threads and processes, from asking for the same thing meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # few files for ever: who shares one with another address waits a little
        with (self.folder / f"{key[:3]}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _entry(self, key: str) -> Entry | None:
        try:
            return Entry.from_json((self.folder / f"{key}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _bytes(self, digest: str) -> bytes | None:
        """Return the bytes of a digest, None where they are gone or damaged."""
        try:
            der = (self.folder / f"{digest}.der").read_bytes()
        except OSError:
            return None
        return der if hashlib.sha256(der).hexdigest() == digest else None

    def _write(self, name: str, data: bytes) -> None:
        handle, draft = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).rename(self.folder / name)


def _list_addresses(extensions: x509.Extensions) -> list[str]:
    try:
        points = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    names = [name for point in points for name in point.full_name or []]
    return [one.value for one in names if isinstance(one, x509.UniformResourceIdentifier)]


def _answer_addresses(extensions: x509.Extensions) -> list[str]:
    try:
        known = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    return [
        one.access_location.value
        for one in known
        if one.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
    ]
