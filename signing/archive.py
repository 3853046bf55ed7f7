"""Keeping signatures provable (lưu giữ giá trị chữ ký số): from B and T to LT, LTA and renewal.

Everything is added behind the file; every byte before stays. PAdES baseline levels are those of
ETSI EN 319 142-1.
"""

import asyncio
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.validation import DocumentSecurityStore

from signing.carried import Carried, Contents, read_contents
from signing.chain import ChainKeeper, Evidence, RevocationKeeper
from signing.pdf_file import open_to_sign
from signing.policy import ValidationPolicy
from signing.proof_errors import NothingToKeep, ProofWorse, TooEarly
from signing.report import VIETNAM, DocumentReport, Verdict
from signing.timestamps import Stamped, TimestampClient
from signing.trust import AnchorRole, Trust

DIGEST = "sha256"
#: hexadecimal digits kept free for a document timestamp
RESERVED = 20_480
#: how long before a timestamp ends the next is made
MARGIN = timedelta(days=90)
#: lists that come less often than this are not waited for
LONGEST_WAIT = timedelta(days=35)
FIELD = "DauThoiGian"
#: worse to better
RANK = (Verdict.INVALID, Verdict.UNSIGNED, Verdict.UNDETERMINED, Verdict.VALID)


class Step(StrEnum):
    """What a file needs next to stay provable (bước lưu giữ)."""

    #: a timestamp over the document: some signature has none of its own
    TIME = "time"
    #: certificates and lists, and a timestamp over them: LT and LTA
    EVIDENCE = "evidence"
    #: a further timestamp before the last one ends
    RENEWAL = "renewal"


@dataclass(frozen=True)
class Due:
    """When the next step is to be made (thời hạn bổ sung bằng chứng)."""

    step: Step
    at: datetime


@dataclass(frozen=True)
class Augmented:
    """A file with one step more behind it, and what the evidence log says of the step."""

    pdf: bytes = field(repr=False)
    step: Step
    at: datetime
    digest_before: str
    digest_after: str
    stamped: Stamped
    #: SHA-256 of the lists and answers that were added
    evidence: tuple[str, ...]
    #: what a validation says of the file now
    report: DocumentReport


@dataclass(frozen=True)
class Archive:
    """Adds proofs to signed files by what the agency trusts (lưu giữ chữ ký số).

    `judge` validates a file: what it thinks less of afterwards is not returned.
    """

    trust: Trust
    keeper: RevocationKeeper
    timestamps: TimestampClient
    judge: Callable[[bytes], DocumentReport]
    policy: ValidationPolicy = field(default_factory=ValidationPolicy)
    margin: timedelta = MARGIN

    def next_due(self, pdf: bytes, at: datetime) -> Due | None:
        """Return what a file needs next and when; None for a file without signatures.

        Raise what `open_to_sign` raises.
        """
        return self._due(read_contents(pdf), at)

    def augment(self, pdf: bytes, at: datetime, step: Step | None = None) -> Augmented:
        """Return the file with its next step, or with `step`, behind it.

        Before the next step is due raise `TooEarly`; otherwise `NothingToKeep`, `TooEarly`,
        `ChainUnproven`, `CertificateWithdrawn`, `TimestampUnavailable`, `TimestampRefused`,
        `ClockAstray`, `ProofWorse`, or what `open_to_sign` raises.
        """
        contents = read_contents(pdf)
        due = self._due(contents, at)
        if due is None:
            raise NothingToKeep
        if step is None and due.at > at:
            raise TooEarly(due=_shown(due.at), at=due.at)
        step = step or due.step
        evidence = [] if step is Step.TIME else asyncio.run(self._evidence(contents, at))
        client = self.timestamps.for_archive()
        made = asyncio.run(_stamped(_with_evidence(pdf, evidence), contents, client))
        report = _ensure_kept(pdf, made, self.judge)
        stamped = client.last
        assert stamped is not None
        return Augmented(
            made,
            step,
            at,
            hashlib.sha256(pdf).hexdigest(),
            hashlib.sha256(made).hexdigest(),
            stamped,
            tuple(sorted(_digests(evidence))),
            report,
        )

    def add_evidence(self, pdf: bytes, at: datetime) -> bytes:
        """Return the file with certificates and lists behind it, and no timestamp over them (LT).

        Raise as `augment` does.
        """
        made = _with_evidence(pdf, asyncio.run(self._evidence(read_contents(pdf), at)))
        _ensure_kept(pdf, made, self.judge)
        return made

    def _due(self, contents: Contents, at: datetime) -> Due | None:
        if not contents.signatures:
            return None
        proven = [contents.proven_at(one) for one in contents.signatures]
        if None in proven:
            return Due(Step.TIME, at)
        open_ones = [
            moment
            for one, moment in zip(contents.signatures, proven, strict=True)
            if moment and one.evidence_name not in contents.sealed
        ]
        if open_ones:
            return Due(Step.EVIDENCE, max(open_ones) + self.policy.revocation.grace)
        return Due(Step.RENEWAL, self._end(contents.stamps[-1]) - self.margin)

    def _end(self, last: Carried) -> datetime:
        """Return when the last timestamp stops proving: its certificates or algorithms end.

        With the certificates end the lists about them, too: what is out of term is named no more.
        """
        stamp = last.stamp
        assert stamp is not None
        algorithms = self.policy.usable_algorithms()
        judged = (
            algorithms.digest_algorithm_allowed(stamp.digest, None),
            algorithms.signature_algorithm_allowed(
                stamp.mechanism, None, stamp.certificate.public_key
            ),
        )
        ends: list[datetime] = [
            *(one.not_valid_after for one in (stamp.certificate, *stamp.others)),
            *(one.not_allowed_after for one in judged if one.not_allowed_after),
        ]
        return min(ends)

    async def _evidence(
        self, contents: Contents, at: datetime
    ) -> list[tuple[Carried, list[Evidence]]]:
        """Return what proves the certificates of whatever is not sealed yet."""
        keeper = ChainKeeper(self.trust, self.keeper, self.policy)
        found = []
        for one in (*contents.signatures, *contents.stamps):
            if one.evidence_name in contents.sealed:
                continue
            pieces: list[Evidence] = []
            if not one.is_document_timestamp:
                proven = contents.proven_at(one) or at
                role = AnchorRole.SIGNER
                pieces.append(await keeper.evidence(one.certificate, one.others, role, proven, at))
                self._ensure_late_enough(pieces[0], proven)
            if one.stamp:
                stamp = one.stamp
                role = AnchorRole.TSA
                pieces.append(
                    await keeper.evidence(stamp.certificate, stamp.others, role, stamp.at, at)
                )
            found.append((one, pieces))
        return found

    def _ensure_late_enough(self, evidence: Evidence, proven: datetime) -> None:
        """Raise `TooEarly` where a later list will tell more of the moment of signing."""
        made, following = evidence.made_at()
        if made >= proven + self.policy.revocation.grace or following is None:
            return
        if following <= proven + LONGEST_WAIT:
            raise TooEarly(due=_shown(following), at=following)


async def _stamped(pdf: bytes, contents: Contents, client: TimestampClient) -> bytes:
    taken = {one.field_name for one in contents.stamps}
    number = len(taken) + 1
    while f"{FIELD}{number}" in taken:
        number += 1
    stamper = PdfTimeStamper(
        client, f"{FIELD}{number}", readable_field_name="Dấu thời gian lưu trữ"
    )
    output = io.BytesIO()
    await stamper.async_timestamp_pdf(_writer(pdf), DIGEST, bytes_reserved=RESERVED, output=output)
    return output.getvalue()


class _ProofWriter(IncrementalPdfFileWriter):
    """Adds proofs and nothing else: title, author and producer stay as they were signed."""

    def _update_meta(self) -> None:
        pass


def _writer(pdf: bytes) -> _ProofWriter:
    made: _ProofWriter = _ProofWriter.from_reader(open_to_sign(pdf))
    return made


def _with_evidence(pdf: bytes, found: list[tuple[Carried, list[Evidence]]]) -> bytes:
    """Return the file with the evidence in its document security store, one entry a signature."""
    if not found:
        return pdf
    writer = _writer(pdf)
    for one, pieces in found:
        DocumentSecurityStore.supply_dss_in_writer(
            writer,
            one.contents.hex().encode("ascii"),
            certs=[certificate for piece in pieces for certificate in piece.chain],
            crls=[one_list for piece in pieces for one_list in piece.lists],
            ocsps=[answer for piece in pieces for answer in piece.answers],
        )
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def _digests(found: list[tuple[Carried, list[Evidence]]]) -> set[str]:
    return {
        hashlib.sha256(der.dump()).hexdigest()
        for _, pieces in found
        for piece in pieces
        for der in (*piece.lists, *piece.answers)
    }


def _ensure_kept(
    pdf: bytes, made: bytes, judge: Callable[[bytes], DocumentReport]
) -> DocumentReport:
    """Return the new report; raise `ProofWorse` unless all is there and judged no worse."""
    before, after = judge(pdf), judge(made)
    worse = RANK.index(after.verdict) < RANK.index(before.verdict)
    fewer = [one.field for one in before.signatures] != [one.field for one in after.signatures]
    if worse or fewer or not made.startswith(pdf):
        raise ProofWorse(before=before.summary("vi"), after=after.summary("vi"))
    return after


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y %H:%M}"
