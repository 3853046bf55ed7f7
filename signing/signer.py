"""Adding one signature to a document (ký số): PAdES-B as an incremental update."""

import asyncio
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, Signer
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
from signing.role import FIELD_NAMES, SignRole

__all__ = ["FIELD_NAMES", "SignRequest", "SignRole", "normalise", "sign_pdf"]

DIGEST = "sha256"
#: hexadecimal digits kept free for the signature: a chain of certificates, room for a timestamp
RESERVED = 24_576
#: what the certificates may take of it, in bytes
MOST_CERTIFICATES = RESERVED // 2 - 6_144

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


def sign_pdf(pdf: bytes, request: SignRequest, keystore: KeyStore) -> bytes:
    """Return `pdf` with one more signature behind it; every byte of `pdf` stays as it is.

    Raise `NotPdf`, `EncryptedPdf`, `TruncatedPdf`, `TailMismatch`, `FieldTaken`,
    `ChangesForbidden`, `CertificateNotInForce`, `KeyNotSupported` or `PageMissing`.
    """
    signer = _KeyStoreSigner(keystore)
    _check_in_force(signer.signing_cert, request.signed_at)
    reader = open_to_sign(pdf)
    _check_free(reader, request)
    return asyncio.run(_sign(reader, request, signer))


class _KeyStoreSigner(Signer):
    """Lets a keystore answer for pyHanko, whose own signer parses the key at every signature."""

    def __init__(self, keystore: KeyStore) -> None:
        self._keystore = keystore
        certificate = keystore.certificate()
        chain = keystore.chain()
        if len(certificate) + sum(map(len, chain)) > MOST_CERTIFICATES:
            raise KeyNotSupported(reason="chuỗi chứng thư số quá dài")
        store = SimpleCertificateStore()
        store.register_multiple([x509.Certificate.load(issuer) for issuer in chain])
        super().__init__(
            signing_cert=x509.Certificate.load(certificate), cert_registry=store, embed_roots=False
        )

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        del dry_run  # the reserve is fixed, so nothing is ever signed for its length alone
        return self._keystore.sign(data, digest_algorithm)


class _SignatureOnlyWriter(IncrementalPdfFileWriter):
    """Adds the signature and nothing else: title, author and producer stay as they were signed."""

    def _update_meta(self) -> None:
        pass


async def _sign(reader: Any, request: SignRequest, signer: _KeyStoreSigner) -> bytes:
    placement = request.placement
    writer = _SignatureOnlyWriter.from_reader(reader)
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
    pdf_signer = PdfSigner(metadata, signer, stamp_style=style, new_field_spec=spec)
    session = pdf_signer.init_signing_session(writer)
    session.system_time = request.signed_at.astimezone(VIETNAM)
    document = session.prepare_tbs_document(validation_info=None, bytes_reserved=RESERVED)
    output = io.BytesIO()
    prepared, _ = document.digest_tbs_document(output=output)
    await document.perform_signature(
        prepared.document_digest, PdfCMSSignedAttributes(signing_time=session.system_time)
    )
    return output.getvalue()


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
    if request.placement is not None and not 0 <= request.placement.page < pages:
        raise PageMissing(pages=pages)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(VIETNAM):%d/%m/%Y}"
