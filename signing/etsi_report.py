"""The report as ETSI TS 119 102-2 has it (báo cáo kiểm tra theo chuẩn ETSI), for other programs."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache

from pyhanko.generated.etsi import ts_11910202 as etsi
from pyhanko.generated.etsi.xades import DigestAlgAndValueType
from pyhanko.generated.w3c.xmldsig_core import DigestMethod, DigestValue
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.models.datatype import XmlDateTime

from signing.errors import SigningError
from signing.report import DocumentReport, Level, Reason, SignatureReport, TimestampReport, Verdict

URN = "urn:etsi:019102:"
#: for what the standard has no words
OWN = "urn:congvan:"
NAMESPACES = {
    "vr": "http://uri.etsi.org/19102/v1.2.1#",
    "XAdES": "http://uri.etsi.org/01903/v1.3.2#",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
DIGESTS = {
    "sha1": "http://www.w3.org/2000/09/xmldsig#sha1",
    "sha256": "http://www.w3.org/2001/04/xmlenc#sha256",
    "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
}
#: EN 319 102-1, table 5; what our policy calls invalid is only indeterminate there
FAILED = {
    Reason.HASH_FAILURE: "HASH_FAILURE",
    Reason.CRYPTO_FAILURE: "SIG_CRYPTO_FAILURE",
    Reason.REVOKED: "REVOKED",
    Reason.SIGNED_OUT_OF_TERM: "EXPIRED",
    Reason.FORMAT_FAILURE: "FORMAT_FAILURE",
    Reason.TAIL_MISMATCH: "FORMAT_FAILURE",
    Reason.NOT_COVERED: "FORMAT_FAILURE",
    # the signature is intact, the document is not what was signed
    Reason.CONTENT_CHANGED: "FORMAT_FAILURE",
    Reason.UNSIGNED_APPEARANCE: "FORMAT_FAILURE",
    Reason.SHOWN_DIFFERENTLY: "FORMAT_FAILURE",
}
INDETERMINATE = {
    Reason.WEAK_ALGORITHM: "CRYPTO_CONSTRAINTS_FAILURE",
    Reason.KEY_USAGE: "CHAIN_CONSTRAINTS_FAILURE",
    Reason.TERM_NOT_PROVEN: "OUT_OF_BOUNDS_NO_POE",
    Reason.UNKNOWN_AUTHORITY: "NO_CERTIFICATE_CHAIN_FOUND",
    Reason.REVOCATION_UNKNOWN: "TRY_LATER",
}
PROCESSES = {Level.B: "Basic", Level.T: "LTVM", Level.LT: "LTVM", Level.LTA: "LTA"}


class NothingSigned(SigningError):
    """There is no signature to report on (không có chữ ký số để lập báo cáo)."""

    code = "nothing-signed"
    status = 409
    vi = (
        "Không đọc được chữ ký số nào trong tệp nên không lập được báo cáo theo chuẩn ETSI. "
        "Hãy xem kết luận chung của lần kiểm tra."
    )
    en = "No signature of the file can be read, so there is no ETSI report. See the verdict."


def etsi_xml(report: DocumentReport) -> str:
    """Return the report as XML, one part for each signature; raise `NothingSigned`."""
    if not report.signatures:
        raise NothingSigned
    parts: list[etsi.SignatureValidationReportType] = []
    objects: list[etsi.ValidationObjectType] = []
    for number, one in enumerate(report.signatures, 1):
        parts.append(_signature(report, one, number))
        objects += _objects(report, one, number)
    whole = etsi.ValidationReport(
        signature_validation_report=tuple(parts),
        signature_validation_objects=etsi.ValidationObjectListType(tuple(objects)),
    )
    return str(_serializer().render(whole, ns_map=NAMESPACES))


@cache
def _serializer() -> XmlSerializer:
    # looking at the classes of the schema takes longer than any report
    return XmlSerializer()


def _signature(
    report: DocumentReport, one: SignatureReport, number: int
) -> etsi.SignatureValidationReportType:
    proven = one.proven_at or report.checked_at
    proof = "validation" if one.proven_at else "provided"
    return etsi.SignatureValidationReportType(
        signature_identifier=etsi.SignatureIdentifierType(
            digest_alg_and_value=_digest(one.digest_algorithm, one.attributes_digest),
            hash_only=False,
            doc_hash_only=False,
            daidentifier=one.field,
        ),
        validation_time_info=etsi.ValidationTimeInfoType(
            validation_time=_time(report.checked_at),
            best_signature_time=etsi.POEType(_time(proven), f"{URN}poetype:{proof}"),
        ),
        signers_document=etsi.SignersDocumentType(
            digest_alg_and_value=_digest(*_document_digest(report, one)),
            signers_document_representation=(_reference(f"document-{number}"),),
        ),
        signature_attributes=_attributes(report, one),
        signer_information=_signer(one, number),
        signature_validation_process=etsi.SignatureValidationProcessType(
            signature_validation_process_id=f"{URN}validationprocess:{PROCESSES[one.level]}"
        ),
        signature_validation_status=_status(one, number),
    )


def _signer(one: SignatureReport, number: int) -> etsi.SignerInformationType | None:
    if not one.fingerprint:
        return None
    return etsi.SignerInformationType(
        signer_certificate=_reference(f"certificate-{number}"), signer=one.subject or None
    )


def _status(one: SignatureReport, number: int) -> etsi.ValidationStatusType:
    own = {
        "verdict": one.verdict,
        "verdict-at-signing": one.verdict_at_signing,
        "reason": one.reason,
        "reason-at-signing": one.reason_at_signing,
        "level": one.level,
        "coverage": one.coverage,
        "modification": one.modification,
    }
    revoked = (
        etsi.RevocationStatusInformationType(
            validation_object_id=_reference(f"certificate-{number}"),
            revocation_time=_time(one.revoked_at),
        )
        if one.revoked_at and one.fingerprint
        else None
    )
    main, sub = _indication(one.verdict, one.reason)
    return etsi.ValidationStatusType(
        main_indication=f"{URN}mainindication:{main}",
        sub_indication=(f"{URN}subindication:{sub}",) if sub else (),
        associated_validation_report_data=(
            etsi.ValidationReportDataType(
                revocation_status_information=revoked,
                additional_validation_report_data=etsi.AdditionalValidationReportDataType(
                    tuple(
                        etsi.TypedDataType(f"{OWN}{name}", str(value))
                        for name, value in own.items()
                        if value
                    )
                ),
            ),
        ),
    )


def _indication(verdict: Verdict, reason: Reason) -> tuple[str, str]:
    if verdict is Verdict.VALID:
        return "total-passed", ""
    if verdict is Verdict.INVALID and reason in FAILED:
        return "total-failed", FAILED[reason]
    return "indeterminate", INDETERMINATE.get(reason, "GENERIC")


def _attributes(
    report: DocumentReport, one: SignatureReport
) -> etsi.SignatureAttributesType | None:
    claimed = (
        (etsi.SASigningTimeType(signed=True, time=_time(one.claimed_at)),) if one.claimed_at else ()
    )
    stamps = tuple(_stamps(one.timestamps))
    over_document = tuple(_stamps(report.timestamps))
    if not (claimed or stamps or over_document):
        # the schema asks for one attribute at least, or for none of this
        return None
    return etsi.SignatureAttributesType(
        signing_time=claimed, signature_time_stamp=stamps, doc_time_stamp=over_document
    )


def _stamps(stamps: tuple[TimestampReport, ...]) -> Iterator[etsi.SATimestampType]:
    return (
        etsi.SATimestampType(signed=False, time_stamp_value=_time(one.stamped_at))
        for one in stamps
        if one.stamped_at
    )


def _objects(
    report: DocumentReport, one: SignatureReport, number: int
) -> Iterator[etsi.ValidationObjectType]:
    yield _object(f"document-{number}", "signedData", *_document_digest(report, one))
    if one.fingerprint:
        yield _object(f"certificate-{number}", "certificate", "sha256", one.fingerprint)


def _object(name: str, kind: str, algorithm: str, digest: str) -> etsi.ValidationObjectType:
    return etsi.ValidationObjectType(
        id=name,
        object_type=f"{URN}validationObject:{kind}",
        validation_object_representation=etsi.ValidationObjectRepresentationType(
            digest_alg_and_value=_digest(algorithm, digest)
        ),
    )


def _document_digest(report: DocumentReport, one: SignatureReport) -> tuple[str, str]:
    """Return the digest of the signed bytes, of the whole file where they cannot be told."""
    if one.signed_digest and one.digest_algorithm in DIGESTS:
        return one.digest_algorithm, one.signed_digest
    return "sha256", report.digest


def _digest(algorithm: str, digest: str) -> DigestAlgAndValueType | None:
    if algorithm not in DIGESTS:
        return None
    return DigestAlgAndValueType(
        digest_method=DigestMethod(algorithm=DIGESTS[algorithm]),
        digest_value=DigestValue(bytes.fromhex(digest)),
    )


def _reference(name: str) -> etsi.VOReferenceType:
    return etsi.VOReferenceType(voreference=(name,))


def _time(moment: datetime) -> XmlDateTime:
    return XmlDateTime.from_datetime(moment)
