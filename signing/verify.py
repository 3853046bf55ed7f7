"""Verifying a file by hand (kiểm tra tệp PDF đã ký), as `congvan verify-pdf` does."""

from datetime import UTC, datetime
from pathlib import Path

from signing.policy import ValidationPolicy
from signing.report import DocumentReport
from signing.revocation import Revocation, load_revocation
from signing.sandbox import validate_limited
from signing.trust import Trust, load_trust


def verify_file(
    path: Path,
    trust_folder: Path | None,
    *,
    policy: ValidationPolicy | None = None,
    at: datetime | None = None,
    language: str = "vi",
) -> tuple[DocumentReport, str]:
    """Return the report on the PDF at `path` and its text in `vi` or `en`.

    `trust_folder` holds `trust.toml`; without one nobody is trusted. Raise OSError for an
    unreadable file, `TrustRefused` for an unusable folder.
    """
    report = validate_limited(
        path.read_bytes(),
        trust=load_trust(trust_folder) if trust_folder else Trust(()),
        revocation=load_revocation(trust_folder) if trust_folder else Revocation(),
        policy=policy,
        at=at or datetime.now(UTC),
    )
    return report, report.text(language)
