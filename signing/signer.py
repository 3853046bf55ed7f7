"""Adding one signature to a document (ký số): PAdES-B as an incremental update.

One road for every key: `prepare` makes the file ready, somebody signs `Prepared.to_be_signed`,
`complete` puts the signature in its place. `sign_pdf` walks it at once with a keystore at hand.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import cms, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers.pdf_cms import ExternalSigner, PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.validation import read_certification_data
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.appearance import VIETNAM, Drawing, DrawingStyle
from signing.errors import (
    CertificateNotInForce,
    ChangesForbidden,
    FieldTaken,
    KeyNotSupported,
    PageMissing,
)
from signing.keystores.base import KeyStore
from signing.original import normalise
from signing.pdf_file import open_to_sign
from signing.placement import Placement
from signing.prepared import Prepared, Revision, digest_around
from signing.proof_errors import TimestampRefused, TimestampUnavailable
from signing.raw_signature import check_key, checked_signature
from signing.role import FIELD_NAMES, SignRole
from signing.session_errors import SignatureTooLarge
from signing.timestamps import TimestampClient
from signing.vacancy import refuse_overlap

__all__ = [
    "FIELD_NAMES",
    "SignRequest",
    "SignRole",
    "complete",
    "normalise",
    "prepare",
    "sign_pdf",
]

DIGEST = "sha256"
#: hexadecimal digits kept free for the signature: a chain of certificates, a timestamp
RESERVED = 32_768
#: what the certificates may take of it, in bytes
MOST_CERTIFICATES = RESERVED // 2 - 8_192

TITLES = {
    SignRole.APPROVE: "Chữ ký số của người có thẩm quyền",
    SignRole.NUMBER: "Số và ngày văn bản",
    SignRole.SEAL: "Chữ ký số của cơ quan",
    SignRole.ANNEX: "Chữ ký số của cơ quan trên phụ lục",
    SignRole.COPY: "Chữ ký số của cơ quan trên bản sao",
    SignRole.INCOMING: "Chữ ký số của cơ quan trên văn bản đến được số hóa",
}


@dataclass(frozen=True)
class SignRequest:
    """One signature to be made (yêu cầu ký): whose part, where, what it shows, when.

    `signed_at` is aware; `image` is a PNG; `lines` are written from the top of the box. Without a
    placement the signature is invisible. `field` is the signature field, by default the role's.
    """

    role: SignRole
    signed_at: datetime
    placement: Placement | None = None
    image: bytes | None = None
    lines: tuple[str, ...] = ()
    name: str = ""
    position: str = ""
    reason: str = ""
    location: str = ""
    field: str = ""

    @property
    def field_name(self) -> str:
        return self.field or FIELD_NAMES[self.role]


def sign_pdf(
    pdf: bytes,
    request: SignRequest,
    keystore: KeyStore,
    timestamps: TimestampClient | None = None,
) -> bytes:
    """Return `pdf` with one more signature behind it; every byte of `pdf` stays as it is.

    Raises what `prepare` and `complete` raise.
    """
    prepared = prepare(pdf, request, keystore.certificate(), keystore.chain())
    signature = keystore.sign(prepared.to_be_signed, DIGEST)
    # the file did not leave this process since its digest was taken
    return _completed(prepared, signature, timestamps)


def prepare(
    pdf: bytes, request: SignRequest, certificate: bytes, chain: tuple[bytes, ...] = ()
) -> Prepared:
    """Make `pdf` ready for a signature with the key of `certificate` (DER), which is elsewhere.

    What is shown and the time are fixed here. Raise `NotPdf`, `EncryptedPdf`, `TruncatedPdf`,
    `TailMismatch`, `FieldTaken`, `ChangesForbidden`, `CertificateNotInForce`, `KeyNotSupported`,
    `PageMissing` or `PlaceTaken`.
    """
    signer = _signer(certificate, chain)
    _check_in_force(signer.signing_cert, request.signed_at)
    reader = open_to_sign(pdf)
    _check_free(reader, request)
    revision, reserved = _write_revision(pdf, reader, request, signer)
    digest = digest_around(pdf, revision, reserved)
    attributes = asyncio.run(_attributes(signer, digest, request))
    return Prepared(
        pdf,
        revision,
        reserved,
        digest,
        attributes,
        certificate,
        chain,
        request.field_name,
        request.signed_at,
    )


def complete(
    prepared: Prepared, raw_signature: bytes, timestamps: TimestampClient | None = None
) -> bytes:
    """Return the signed file, once `raw_signature` is found to sign what was prepared.

    `raw_signature` is PKCS#1 v1.5 for RSA, and for ECDSA DER or the two numbers side by side, as
    tokens give them. With `timestamps` the time is proven at once (level T); where those are not
    required, a signature that gets none stays at level B. Raise `SignatureMismatch`,
    `PreparedChanged`, `SignatureTooLarge`, `TimestampUnavailable`, `TimestampRefused` or
    `ClockAstray`.
    """
    prepared.check()
    return _completed(prepared, raw_signature, timestamps)


def _completed(
    prepared: Prepared, raw_signature: bytes, timestamps: TimestampClient | None
) -> bytes:
    signature = checked_signature(prepared.certificate, prepared.to_be_signed, raw_signature)
    container = asyncio.run(_container(prepared, signature, timestamps))
    start, end = prepared.reserved
    if 2 * len(container) > end - start - 2:
        raise SignatureTooLarge
    return prepared.filled(container)


# Both return bytes: asyncio shows the result of what it ran when it gives back its handler of
# interrupts, and asn1crypto shows an object by encoding it, which took a third of a signature.
async def _attributes(signer: ExternalSigner, digest: bytes, request: SignRequest) -> bytes:
    settings = PdfCMSSignedAttributes(signing_time=_local(request))
    made = await signer.signed_attrs(digest, DIGEST, attr_settings=settings, use_pades=True)
    return bytes(made.dump())


async def _container(
    prepared: Prepared, signature: bytes, timestamps: TimestampClient | None
) -> bytes:
    signer = _signer(prepared.certificate, prepared.chain, signature)
    attributes = cms.CMSAttributes.load(prepared.to_be_signed)
    try:
        signed = await signer.async_sign_prescribed_attributes(
            DIGEST, attributes, timestamper=timestamps
        )
    except (TimestampUnavailable, TimestampRefused):
        if timestamps is None or timestamps.is_required:
            raise
        # a timestamp over the whole file proves the time a little later
        signed = await signer.async_sign_prescribed_attributes(DIGEST, attributes)
    return bytes(signed.dump())


def _signer(
    certificate: bytes, chain: tuple[bytes, ...], signature: bytes | None = None
) -> ExternalSigner:
    if len(certificate) + sum(map(len, chain)) > MOST_CERTIFICATES:
        raise KeyNotSupported(reason="chuỗi chứng thư số quá dài")
    check_key(certificate)
    store = SimpleCertificateStore()
    store.register_multiple([x509.Certificate.load(issuer) for issuer in chain])
    return ExternalSigner(
        x509.Certificate.load(certificate), store, signature_value=signature, embed_roots=False
    )


class _SignatureOnlyWriter(IncrementalPdfFileWriter):
    """Adds the signature and nothing else: title, author and producer stay as they were signed."""

    def _update_meta(self) -> None:
        pass

    def _write_header(self, stream: Any) -> None:
        """Leave the file before where it is: only what comes behind it is written."""


def _write_revision(
    pdf: bytes, reader: Any, request: SignRequest, signer: ExternalSigner
) -> tuple[bytes, tuple[int, int]]:
    """Return what comes behind the file, and the offsets of the room for the signature."""
    session = _pdf_signer(request, signer).init_signing_session(
        _SignatureOnlyWriter.from_reader(reader)
    )
    session.system_time = _local(request)
    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=RESERVED)
    output = Revision(len(pdf))
    if not pdf.endswith((b"\n", b"\r")):
        output.write(b"\n")
    # the digest taken here would be that of the revision alone
    prepared, _ = document.digest_tbs_document(output=output)
    return output.getvalue(), (prepared.reserved_region_start, prepared.reserved_region_end)


def _pdf_signer(request: SignRequest, signer: ExternalSigner) -> PdfSigner:
    placement = request.placement
    spec = SigFieldSpec(
        request.field_name,
        on_page=placement.page if placement else 0,
        box=tuple(placement.box) if placement else None,
        readable_field_name=TITLES[request.role],
    )
    metadata = PdfSignatureMetadata(
        field_name=request.field_name,
        md_algorithm=DIGEST,
        subfilter=SigSeedSubFilter.PADES,
        name=", ".join(filter(None, (request.name, request.position))) or None,
        reason=request.reason or None,
        location=request.location or None,
    )
    style = (
        DrawingStyle(drawing=Drawing(placement, request.image, request.lines))
        if placement
        else None
    )
    return PdfSigner(metadata, signer, stamp_style=style, new_field_spec=spec)


def _local(request: SignRequest) -> datetime:
    return request.signed_at.astimezone(VIETNAM)


def _check_in_force(certificate: x509.Certificate, moment: datetime) -> None:
    if not certificate.not_valid_before <= moment <= certificate.not_valid_after:
        raise CertificateNotInForce(
            subject=certificate.subject.native.get("common_name", ""),
            valid_from=_day(certificate.not_valid_before),
            valid_until=_day(certificate.not_valid_after),
        )


def _check_free(reader: Any, request: SignRequest) -> None:
    certification = read_certification_data(reader)
    if certification is not None and certification.permission == MDPPerm.NO_CHANGES:
        raise ChangesForbidden
    taken = {name for name, _, _ in enumerate_sig_fields(reader, filled_status=True)}
    if request.field_name in taken:
        raise FieldTaken(field=request.field_name)
    pages = int(reader.root["/Pages"]["/Count"])
    if request.placement is not None:
        if not 0 <= request.placement.page < pages:
            raise PageMissing(pages=pages)
        refuse_overlap(reader, request.field_name, request.placement)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y}"
