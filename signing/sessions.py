"""A signature that is waited for (phiên ký): what it asked for, and a whole file held against it.

Plain values; whoever keeps a session (a database, a queue) keeps them beside it.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.diff_analysis import (
    ModificationLevel,
    StandardDiffPolicy,
    SuspiciousModification,
)
from pyhanko.sign.diff_analysis.constants import ACROFORM_EXEMPT_STRICT_COMPARISON
from pyhanko.sign.diff_analysis.form_rules_api import FormUpdatingRule
from pyhanko.sign.diff_analysis.rules.form_field_rules import (
    SigFieldCreationRule,
    SigFieldModificationRule,
)
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import EmbeddedPdfSignature
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.status import SignatureCoverageLevel

from signing.corner import zoned_time
from signing.errors import SigningError
from signing.pdf_file import open_to_sign
from signing.policy import SIGNATURE_ONLY
from signing.session_errors import OtherCertificate, OtherDocument, UploadRefused
from signing.signer import SignRequest

#: what is shown and the time are fixed when a session begins: it must not grow old
TIME_TO_SIGN = timedelta(minutes=10)
#: appearance, number, date, seal and a timestamp may each be a revision of an agent's own
MOST_ADDED = 8
#: `SIGNATURE_ONLY` for a file that may not be signed yet: the form then learns that it is
_FROM_UNSIGNED = StandardDiffPolicy(
    global_rules=SIGNATURE_ONLY.global_rules,
    form_rule=FormUpdatingRule(
        field_rules=[SigFieldCreationRule(), SigFieldModificationRule()],
        ignored_acroform_keys=ACROFORM_EXEMPT_STRICT_COMPARISON | {"/SigFlags"},
    ),
)


def mark_of(request: SignRequest) -> str:
    """Return a digest of all that was asked for but the time: equal marks ask for the same."""
    placement = request.placement
    asked = {
        "field": request.field_name,
        "role": request.role,
        "name": request.name,
        "position": request.position,
        "reason": request.reason,
        "location": request.location,
        "lines": request.lines,
        "image": hashlib.sha256(request.image).hexdigest() if request.image else "",
        "placement": _untimed(request) if placement else "",
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _untimed(request: SignRequest) -> str:
    # annexes, copies and scans print the time of the signature
    shown = repr(request.placement)
    for word in zoned_time(request.signed_at).split():
        shown = shown.replace(word, "")
    return shown


@dataclass(frozen=True)
class Added:
    """What an agent added to a file (phần được ký thêm): its signature fields, in order."""

    fields: tuple[str, ...]


def accept_file(base: bytes, signed: bytes, certificate: bytes) -> Added:
    """Return what was added to `base`: signatures with the key of `certificate` (DER), no more.

    Behind the last of them there is at most evidence. Raise `OtherDocument` where `signed` does
    not begin with every byte of `base`, `OtherCertificate` where somebody else signed,
    `UploadRefused` with the reason for all else, and what `open_to_sign` refuses.
    """
    if len(signed) <= len(base) or not signed.startswith(base):
        raise OtherDocument
    reader = open_to_sign(signed)
    try:
        return _accept(reader, open_to_sign(base), certificate)
    except SigningError:
        raise
    except (PdfError, SuspiciousModification) as error:
        raise UploadRefused(reason="phần thêm vào không chỉ là chữ ký số") from error
    except Exception as error:  # hostile files raise anything: fail closed
        raise UploadRefused(reason="không đọc được chữ ký số trong tệp") from error


def _accept(reader: Any, before: Any, certificate: bytes) -> Added:
    base = before.xrefs.total_revisions
    if not 0 < reader.xrefs.total_revisions - base <= MOST_ADDED:
        raise UploadRefused(reason="tệp không có đúng số lần ký thêm")
    known = {name for name, _, _ in enumerate_sig_fields(before, filled_status=True)}
    found = list(enumerate_sig_fields(reader))
    added = [
        EmbeddedPdfSignature(reader, field, name)
        for name, value, field in found
        if value is not None and name not in known
    ]
    empty = {name for name, value, _ in found if value is None}
    if empty - {name for name, _, _ in enumerate_sig_fields(before, filled_status=False)}:
        raise UploadRefused(reason="có ô chữ ký để trống được thêm vào")
    if not any(one.sig_object_type == "/Sig" for one in added):
        raise UploadRefused(reason="tệp chưa được ký")
    added.sort(key=lambda one: one.signed_revision)
    wanted = x509.Certificate.load(certificate).sha256
    for one in added:
        _check(one, base, wanted)
    _ensure_at_most(_FROM_UNSIGNED.review_file(reader, base - 1), ModificationLevel.FORM_FILLING)
    # behind the last signature there may be evidence about it, and no further field
    last = SIGNATURE_ONLY.review_file(reader, added[-1].signed_revision)
    _ensure_at_most(last, ModificationLevel.LTA_UPDATES)
    return Added(tuple(one.field_name for one in added))


def _check(signature: Any, base: int, certificate: bytes) -> None:
    if signature.signed_revision < base:
        raise UploadRefused(reason="chữ ký số không thuộc phần được thêm vào")
    if signature.sig_object_type != "/Sig":
        return  # a timestamp is of its authority
    if signature.signer_cert.sha256 != certificate:
        raise OtherCertificate(found=signature.signer_cert.subject.native.get("common_name", ""))
    coverage = signature.evaluate_signature_coverage()
    if coverage.value < SignatureCoverageLevel.ENTIRE_REVISION.value:
        raise UploadRefused(reason="chữ ký số không bao trùm toàn bộ tệp")
    if not _is_genuine(signature):
        raise UploadRefused(reason="chữ ký số không đúng với nội dung tệp")


def _is_genuine(signature: Any) -> bool:
    intact, valid = validate_sig_integrity(
        signature.signer_info,
        signature.signer_cert,
        expected_content_type="data",
        actual_digest=signature.compute_digest(),
    )
    return bool(intact and valid)


def _ensure_at_most(result: Any, level: ModificationLevel) -> None:
    if isinstance(result, SuspiciousModification) or result.modification_level > level:
        raise UploadRefused(reason="phần thêm vào không chỉ là chữ ký số")
