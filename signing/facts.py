"""Every fact of a report under its name (nội dung báo cáo), for pages and the command line."""

from collections.abc import Iterator
from datetime import datetime

from signing.report import DocumentReport, RevocationEvidence, SignatureReport, TimestampReport
from signing.role import role_of_field
from signing.wording import REMARKS, ROLES, SOURCES, Said, judged, said
from signing.zone import shown

Fact = tuple[str, str]

LABELS: dict[str, Said] = {
    "now": ("Kết luận tại thời điểm kiểm tra", "Verdict at the time of the check"),
    "then": ("Kết luận tại thời điểm được chứng minh", "Verdict at the proven time"),
    "step": ("Việc cần làm", "Next step"),
    "organization": ("Cơ quan, tổ chức", "Organisation"),
    "role": ("Vai trò ký", "Role"),
    "issuer": ("Nơi cấp chứng thư số", "Issuer of the certificate"),
    "serial": ("Số chứng thư số", "Serial number"),
    "fingerprint": ("Vân tay SHA-256", "SHA-256 fingerprint"),
    "term": ("Thời hạn chứng thư số", "Term of the certificate"),
    "claimed": ("Thời điểm ký ghi trên chữ ký", "Signing time as stated"),
    "proven": ("Thời điểm được chứng minh", "Proven time"),
    "level": ("Mức chữ ký", "Level"),
    "revocation": ("Căn cứ về thu hồi", "Evidence about revocation"),
    "revoked": ("Thu hồi từ", "Revoked since"),
    "timestamp": ("Dấu thời gian", "Timestamp"),
    "changes": ("Bổ sung sau khi ký", "Added after signing"),
    "overlaps": ("Chồng lên ô ký", "Overlaps the fields"),
    "remarks": ("Lưu ý", "Remarks"),
    "technical": ("Mã kỹ thuật", "Technical codes"),
    "digest": ("SHA-256 của tệp", "SHA-256 of the file"),
    "checked": ("Thời điểm kiểm tra", "Time of the check"),
    "versions": ("Danh sách tin cậy, chính sách", "Trust list, policy"),
}
_UNPROVEN: Said = (
    "chưa có dấu thời gian chứng minh; xét tại thời điểm kiểm tra",
    "no timestamp proves one; looked at as of the check",
)
_OTHER_FIELD: Said = ("ô ký khác", "another field")
_EMBEDDED: Said = ("kèm trong văn bản", "carried by the document")
_AT_HAND: Said = ("có sẵn khi kiểm tra", "at hand at the check")


def facts_of(one: SignatureReport, language: str = "vi") -> list[Fact]:
    """Return the facts about a signature in the order people ask for them."""
    found = [
        *_verdicts(one, language),
        ("step", one.next_step(language)),
        ("role", said(ROLES[one.role], language) if one.role else ""),
        ("organization", one.organization),
        ("claimed", shown(one.claimed_at)),
        ("proven", _proven(one)),
        ("level", f"PAdES B-{one.level}"),
        ("issuer", one.issuer),
        ("serial", one.serial),
        ("term", _span(one.valid_from, one.valid_until)),
        ("fingerprint", one.fingerprint),
        ("revocation", _evidence(one.revocation, language)),
        ("revoked", shown(one.revoked_at)),
        *(("timestamp", timestamp_line(stamp, language)) for stamp in one.timestamps),
        ("changes", ", ".join(one.changes(language))),
        (
            "overlaps",
            ", ".join(dict.fromkeys(_overlapped(field, language) for field in one.overlaps)),
        ),
        ("remarks", " ".join(said(REMARKS[remark], language) for remark in one.remarks)),
        ("technical", _technical(one)),
    ]
    return _named(found, language)


def document_facts(report: DocumentReport, language: str = "vi") -> list[Fact]:
    """Return the facts about the document as a whole."""
    then = ""
    if report.signatures:
        is_proven = any(one.proven_at for one in report.signatures)
        then = _then(report, language) if is_proven else said(_UNPROVEN, language)
    versions = ", ".join(filter(None, (report.trust_version, report.policy_version)))
    found = [
        ("now", report.summary(language)),
        ("then", then),
        ("step", report.next_step(language)),
        ("checked", shown(report.checked_at)),
        *(("timestamp", timestamp_line(stamp, language)) for stamp in report.timestamps),
        ("remarks", " ".join(said(REMARKS[remark], language) for remark in report.remarks)),
        ("digest", report.digest),
        ("versions", versions),
        ("technical", report.detail),
    ]
    return _named(found, language)


def report_lines(report: DocumentReport, language: str = "vi") -> Iterator[str]:
    """Return the whole report as lines, a block for the document and one for each signature."""
    yield f"{report.summary(language)}."
    yield from (f"  {name}: {value}" for name, value in document_facts(report, language)[1:])
    for one in report.signatures:
        yield ""
        yield one.text(language)
        yield from (f"  {name}: {value}" for name, value in facts_of(one, language))


def timestamp_line(stamp: TimestampReport, language: str) -> str:
    """Return one line about a timestamp: when, by whom, whether it holds."""
    verdict = judged(stamp.verdict, stamp.reason, language)
    return ", ".join(filter(None, (shown(stamp.stamped_at), stamp.authority, verdict)))


def _named(found: list[Fact], language: str) -> list[Fact]:
    return [(said(LABELS[key], language), value) for key, value in found if value]


def _verdicts(one: SignatureReport, language: str) -> list[Fact]:
    return [
        ("now", judged(one.verdict, one.reason, language)),
        ("then", _then(one, language) if one.proven_at else said(_UNPROVEN, language)),
    ]


def _then(one: SignatureReport | DocumentReport, language: str) -> str:
    return judged(one.verdict_at_signing, one.reason_at_signing, language)


def _overlapped(field: str, language: str) -> str:
    role = role_of_field(field)
    return said(ROLES[role] if role else _OTHER_FIELD, language)


def _proven(one: SignatureReport) -> str:
    if one.proven_at is None:
        return ""  # the verdict at that time says so
    return ", ".join(filter(None, (shown(one.proven_at), one.proven_by)))


def _evidence(evidence: RevocationEvidence | None, language: str) -> str:
    if evidence is None:
        return ""
    where = said(_EMBEDDED if evidence.is_embedded else _AT_HAND, language)
    span = _span(evidence.this_update, evidence.next_update)
    return ", ".join(filter(None, (said(SOURCES[evidence.source], language), where, span)))


def _span(start: datetime | None, end: datetime | None) -> str:
    return " – ".join(filter(None, (shown(start), shown(end))))


def _technical(one: SignatureReport) -> str:
    codes = (one.field, one.ades, one.coverage, one.modification, one.digest_algorithm)
    return ", ".join(filter(None, codes))
