"""Verifying a file by hand (kiểm tra tệp PDF đã ký), as `congvan verify-pdf` does."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from signing.policy import ExpectedSigner, ValidationPolicy, load_policy
from signing.report import DocumentReport
from signing.revocation import Revocation, load_revocation
from signing.role import SignRole
from signing.sandbox import validate_limited
from signing.trust import Trust, load_trust


def verify_file(
    path: Path,
    trust_folder: Path | None,
    *,
    policy: ValidationPolicy | None = None,
    at: datetime | None = None,
) -> DocumentReport:
    """Return the report on the PDF at `path`, as of `at` or now.

    `trust_folder` holds `trust.toml` and perhaps `policy.toml`; without one nobody is trusted.
    Raise OSError for an unreadable file, `TrustRefused` or `PolicyRefused` for an unusable folder.
    """
    return validate_limited(
        path,
        trust=load_trust(trust_folder) if trust_folder else Trust(()),
        revocation=load_revocation(trust_folder) if trust_folder else Revocation(),
        policy=policy or policy_of(trust_folder),
        at=at or datetime.now(UTC),
    )


def policy_of(trust_folder: Path | None, roles: Iterable[str] = ()) -> ValidationPolicy:
    """Return the policy of a folder, expecting these roles; raise `PolicyRefused`."""
    policy = load_policy(trust_folder) if trust_folder else ValidationPolicy()
    return replace(policy, expected=tuple(ExpectedSigner(SignRole(role)) for role in roles))
