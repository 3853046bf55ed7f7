"""Proofs of time (chứng minh thời gian): timestamps over a signature and over the document."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import cms
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter, message_imprint_checker
from pyhanko.sign.validation.status import SignatureCoverageLevel

from signing.digests import Digests, open_signature
from signing.enclosure import check_enclosure
from signing.judgement import Judge
from signing.policy import SIGNATURE_ONLY
from signing.report import Reason, TimestampReport, Verdict

#: clocks may run ahead of ours
SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class DocumentTimestamp:
    """A timestamp over the document up to `revision` (dấu thời gian trên văn bản)."""

    revision: int
    report: TimestampReport

    @property
    def proves_at(self) -> datetime | None:
        """Return the time it proves, if it holds."""
        return self.report.stamped_at if self.report.verdict is Verdict.VALID else None


async def check_document_timestamps(
    reader: Any, fields: Sequence[tuple[str, Any]], judge: Judge
) -> list[DocumentTimestamp]:
    """Return the document's timestamps, oldest first: the newest is judged now, each before it at
    the time that a newer one proves.
    """
    found: list[DocumentTimestamp] = []
    opened = [_opened(reader, name, field, judge.digests) for name, field in fields]
    for name, signature in sorted(opened, key=lambda one: -_revision_of(one[1])):
        proven = earliest(found, 0)
        report = await _document_timestamp(name, signature, judge, proven or judge.now)
        found.insert(0, DocumentTimestamp(_revision_of(signature), report))
        judge = replace(judge, evidence=judge.evidence.with_covers(covers(found)))
    return found


def covers(stamps: Sequence[DocumentTimestamp]) -> list[tuple[int, datetime]]:
    """Return which revisions are proven to have existed when."""
    return [(one.revision, one.proves_at) for one in stamps if one.proves_at]


def earliest(stamps: Sequence[DocumentTimestamp], revision: int) -> datetime | None:
    """Return the earliest time proven for what stands in `revision` or before."""
    times = [one.proves_at for one in stamps if one.revision > revision and one.proves_at]
    return min(times, default=None)


async def check_signature_timestamps(
    signature: Any, judge: Judge, at: datetime
) -> tuple[TimestampReport, ...]:
    """Return the timestamps that a signature carries, judged as of `at`."""
    info = signature.signer_info
    imprint = message_imprint_checker(info)
    return tuple(
        [
            await check_token(data, imprint, judge, at)
            for data in extract_tst_data_iter(info, signed=False)
        ]
    )


async def _document_timestamp(
    name: str, signature: Any, judge: Judge, at: datetime
) -> TimestampReport:
    failed = TimestampReport(Verdict.INVALID, Reason.FORMAT_FAILURE, field=name)
    if signature is None:
        return failed
    try:
        signature.compute_integrity_info(diff_policy=SIGNATURE_ONLY)
        report = await check_token(signature.signed_data, signature.compute_digest, judge, at)
        report = replace(report, field=name)
        facts = signature.summarise_integrity_info()
        changes = getattr(facts["diff_result"], "modification_level", ModificationLevel.OTHER)
        if report.verdict is Verdict.INVALID:
            return report
        if facts["coverage"].value < SignatureCoverageLevel.ENTIRE_REVISION.value:
            return replace(report, verdict=Verdict.INVALID, reason=Reason.NOT_COVERED)
        if not facts["docmdp_ok"] or changes > ModificationLevel.FORM_FILLING:
            return replace(report, verdict=Verdict.INVALID, reason=Reason.CONTENT_CHANGED)
    except Exception as error:  # noqa: BLE001 - hostile timestamps raise anything: fail closed
        return replace(failed, ades=type(error).__name__)
    return report


async def check_token(
    data: cms.SignedData, imprint: Any, judge: Judge, at: datetime
) -> TimestampReport:
    """Return what a timestamp says of the digest `imprint` gives for an algorithm, as of `at`."""
    try:
        certificate = extract_certificate_info(data).signer_cert
        content = data["encap_content_info"]["content"].parsed
        finding = await judge.timestamp(data, imprint, at)
    except Exception as error:  # noqa: BLE001 - hostile tokens raise anything: fail closed
        return TimestampReport(Verdict.INVALID, Reason.FORMAT_FAILURE, ades=type(error).__name__)
    stamped_at: datetime = content["gen_time"].native
    verdict, reason = finding.verdict, finding.reason
    if verdict is Verdict.VALID and stamped_at > at + SKEW:
        # a clock that runs ahead proves nothing of the past
        verdict, reason = Verdict.UNDETERMINED, Reason.OTHER
    return TimestampReport(
        verdict,
        reason,
        stamped_at=stamped_at,
        authority=_named(certificate.subject),
        issuer=_named(certificate.issuer),
        serial=f"{certificate.serial_number:x}",
        valid_from=certificate.not_valid_before,
        valid_until=certificate.not_valid_after,
        digest_algorithm=content["message_imprint"]["hash_algorithm"]["algorithm"].native,
        ades=finding.ades,
        revocation=judge.evidence.about(certificate, at, judge.now),
    )


def _named(name: Any) -> str:
    value = name.native.get("common_name", "")
    return value if isinstance(value, str) else ", ".join(map(str, value))


def _opened(reader: Any, name: str, field: Any, digests: Digests) -> tuple[str, Any]:
    try:
        value = field.get_object()["/V"]
        if value.get("/SubFilter") != SigSeedSubFilter.ETSI_RFC3161.value:
            return name, None
        check_enclosure(reader.stream, value)
        return name, open_signature(reader, field, name, digests)
    except Exception:  # noqa: BLE001 - reported as malformed
        return name, None


def _revision_of(signature: Any) -> int:
    return signature.signed_revision if signature is not None else 0
