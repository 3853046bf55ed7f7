"""The answer of a validation (báo cáo kiểm tra chữ ký số), stored with the document and shown.

Circular 41/2017/TT-BTTTT, art. 9: what was checked, and its result, is kept with the document.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from signing.role import SignRole
from signing.verdict import Level, Modification, Reason, Remark, RevocationSource, Verdict
from signing.wording import (
    MODIFICATIONS,
    REASONS,
    REMARKS,
    ROLES,
    VERDICTS,
    judged,
    next_step,
    said,
)
from signing.zone import VIETNAM, shown

__all__ = [
    "REASONS",
    "REMARKS",
    "ROLES",
    "VERDICTS",
    "VIETNAM",
    "DocumentReport",
    "Level",
    "Modification",
    "Reason",
    "Remark",
    "RevocationEvidence",
    "RevocationSource",
    "SignatureReport",
    "TimestampReport",
    "Verdict",
]

#: the shape of the stored report; readers accept this one and those before it
VERSION = 2


@dataclass(frozen=True)
class RevocationEvidence:
    """What told whether the signer's certificate was withdrawn (căn cứ về thu hồi)."""

    source: RevocationSource
    this_update: datetime | None = None
    next_update: datetime | None = None
    revoked_at: datetime | None = None
    #: whether the document carries it, rather than this machine
    is_embedded: bool = False


@dataclass(frozen=True)
class TimestampReport:
    """What was found out about one timestamp (dấu thời gian).

    `field` is that of a document timestamp; the timestamp of a signature has none.
    """

    verdict: Verdict
    reason: Reason = Reason.NONE
    field: str = ""
    stamped_at: datetime | None = None
    #: the name of the authority (TSA) and the term of its certificate
    authority: str = ""
    issuer: str = ""
    serial: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    digest_algorithm: str = ""
    ades: str = ""
    revocation: RevocationEvidence | None = None


@dataclass(frozen=True)
class SignatureReport:
    """What was found out about one signature (chữ ký số).

    `verdict` is that of the moment of the check. `verdict_at_signing` is that of `proven_at`, the
    earliest time a timestamp proves; where none proves any, both are about the same moment.
    """

    field: str
    verdict: Verdict
    reason: Reason = Reason.NONE
    role: SignRole | None = None
    level: Level = Level.B
    subject: str = ""
    organization: str = ""
    issuer: str = ""
    serial: str = ""
    fingerprint: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    claimed_at: datetime | None = None
    proven_at: datetime | None = None
    revoked_at: datetime | None = None
    intact: bool = False
    valid: bool = False
    trusted: bool = False
    coverage: str = ""
    modification: str = ""
    ades: str = ""
    remarks: tuple[Remark, ...] = ()
    verdict_at_signing: Verdict = Verdict.UNDETERMINED
    reason_at_signing: Reason = Reason.NONE
    ades_at_signing: str = ""
    #: the authority whose timestamp proves `proven_at`
    proven_by: str = ""
    #: timestamps over this very signature; those over the document stand in the document's report
    timestamps: tuple[TimestampReport, ...] = ()
    revocation: RevocationEvidence | None = None
    #: what later revisions brought
    modifications: tuple[Modification, ...] = ()
    #: fields whose pictures lie over or under this one's
    overlaps: tuple[str, ...] = ()
    #: of the signed bytes, and of the attributes that the key signed (DTBSR), in hexadecimal
    digest_algorithm: str = ""
    signed_digest: str = ""
    attributes_digest: str = ""

    def text(self, language: str = "vi") -> str:
        """Return one plain sentence about the signature."""
        signer = self.subject or ("(không rõ)" if language != "en" else "(unknown)")
        part = f" ({said(ROLES[self.role], language)})" if self.role else ""
        when = f", {shown(self.claimed_at)}" if self.claimed_at else ""
        word = "Signature of" if language == "en" else "Chữ ký số của"
        now = judged(self.verdict, self.reason, language)
        return f"{word} {signer}{part}{when}: {now}{self._then(language)}."

    def _then(self, language: str) -> str:
        """Return what is said beside the verdict of now where a proven time tells another."""
        if self.proven_at is None or self.verdict_at_signing is self.verdict:
            return ""
        word = "; at the proven time" if language == "en" else "; tại thời điểm được chứng minh"
        then = judged(self.verdict_at_signing, self.reason_at_signing, language)
        return f"{word} {shown(self.proven_at)}: {then}"

    def next_step(self, language: str = "vi") -> str:
        """Return what the officer does about it (việc cần làm); empty where all is well."""
        return next_step(self.reason, language)

    def changes(self, language: str = "vi") -> list[str]:
        """Return in words what was added behind the signature."""
        return [said(MODIFICATIONS[one], language) for one in self.modifications]


@dataclass(frozen=True)
class DocumentReport:
    """What was found out about a document: the worst of its signatures, and what is missing."""

    verdict: Verdict
    checked_at: datetime
    reason: Reason = Reason.NONE
    signatures: tuple[SignatureReport, ...] = ()
    missing_roles: tuple[SignRole, ...] = ()
    remarks: tuple[Remark, ...] = ()
    #: SHA-256 of the bytes that were checked
    digest: str = ""
    tail_ok: bool = True
    #: what a reader stumbled over, for those who look after the system
    detail: str = ""
    verdict_at_signing: Verdict = Verdict.UNDETERMINED
    reason_at_signing: Reason = Reason.NONE
    #: timestamps over the whole document, oldest first
    timestamps: tuple[TimestampReport, ...] = ()
    #: which lists of trust and which policy judged
    trust_version: str = ""
    policy_version: str = ""

    @property
    def is_valid(self) -> bool:
        return self.verdict is Verdict.VALID

    @property
    def is_readable(self) -> bool:
        return self.reason not in {Reason.UNREADABLE, Reason.ENCRYPTED, Reason.TOO_LARGE}

    def summary(self, language: str = "vi") -> str:
        """Return the verdict with its reason, in one phrase."""
        names = ", ".join(said(ROLES[role], language) for role in self.missing_roles)
        missing = self.reason is Reason.MISSING_ROLE and names
        return judged(self.verdict, self.reason, language, f": {names}" if missing else "")

    def next_step(self, language: str = "vi") -> str:
        """Return what the officer does about it (việc cần làm); empty where all is well."""
        return next_step(self.reason, language)

    def text(self, language: str = "vi") -> str:
        """Return the whole report in plain sentences, one a line."""
        lines = [f"{self.summary(language)}."]
        lines += [signature.text(language) for signature in self.signatures]
        remarks = dict.fromkeys(
            [*self.remarks, *(one for sign in self.signatures for one in sign.remarks)]
        )
        lines += [said(REMARKS[remark], language) for remark in remarks]
        step = self.next_step(language)
        if step:
            lines.append(f"{'Next step' if language == 'en' else 'Việc cần làm'}: {step}")
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return the report as JSON, times in ISO 8601."""
        data = {"version": VERSION, **asdict(self)}
        return json.dumps(data, ensure_ascii=False, default=_plain, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "DocumentReport":
        """Read what this or the first `to_json` returned; raise ValueError for anything else."""
        try:
            data = json.loads(text)
            version = data.pop("version")
            if version not in {1, VERSION}:
                raise ValueError(text[:80])
            return cls(**_document_fields(_upgraded(data) if version == 1 else data))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(text[:80]) from error


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """Return a report of version 1 in today's shape: no time before its check was proven."""
    return {
        **_with_one_verdict(data),
        "signatures": [
            {
                **_with_one_verdict(one),
                "ades_at_signing": one["ades"],
                "timestamps": [],
                "revocation": None,
                "modifications": [],
                "overlaps": [],
            }
            for one in data["signatures"]
        ],
        "timestamps": [],
    }


def _with_one_verdict(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **data,
        "verdict_at_signing": data["verdict"],
        "reason_at_signing": data["reason"],
    }


def _document_fields(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **_verdicts(data),
        "checked_at": datetime.fromisoformat(data["checked_at"]),
        "signatures": tuple(_signature(one) for one in data["signatures"]),
        "missing_roles": tuple(SignRole(role) for role in data["missing_roles"]),
        "remarks": tuple(Remark(one) for one in data["remarks"]),
        "timestamps": tuple(_timestamp(one) for one in data["timestamps"]),
    }


def _verdicts(data: dict[str, Any]) -> dict[str, Any]:
    return {
        **data,
        "verdict": Verdict(data["verdict"]),
        "reason": Reason(data["reason"]),
        "verdict_at_signing": Verdict(data["verdict_at_signing"]),
        "reason_at_signing": Reason(data["reason_at_signing"]),
    }


def _signature(data: dict[str, Any]) -> SignatureReport:
    times = ("valid_from", "valid_until", "claimed_at", "proven_at", "revoked_at")
    return SignatureReport(
        **{
            **_verdicts(data),
            "role": SignRole(data["role"]) if data["role"] else None,
            "level": Level(data["level"]),
            "remarks": tuple(Remark(one) for one in data["remarks"]),
            "timestamps": tuple(_timestamp(one) for one in data["timestamps"]),
            "revocation": _evidence(data["revocation"]),
            "modifications": tuple(Modification(one) for one in data["modifications"]),
            "overlaps": tuple(data["overlaps"]),
            **_moments(data, times),
        }
    )


def _timestamp(data: dict[str, Any]) -> TimestampReport:
    return TimestampReport(
        **{
            **data,
            "verdict": Verdict(data["verdict"]),
            "reason": Reason(data["reason"]),
            "revocation": _evidence(data["revocation"]),
            **_moments(data, ("stamped_at", "valid_from", "valid_until")),
        }
    )


def _evidence(data: dict[str, Any] | None) -> RevocationEvidence | None:
    if data is None:
        return None
    return RevocationEvidence(
        **{
            **data,
            "source": RevocationSource(data["source"]),
            **_moments(data, ("this_update", "next_update", "revoked_at")),
        }
    )


def _moments(data: dict[str, Any], names: tuple[str, ...]) -> dict[str, datetime | None]:
    return {name: datetime.fromisoformat(data[name]) if data[name] else None for name in names}
