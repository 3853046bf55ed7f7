"""A world with a clock: authorities, lists and files at every level, made when a test says so."""

import asyncio
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from asn1crypto import crl, keys, ocsp, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp as requests
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes, SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSignatureMetadata, PdfSigner, PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

from signing.policy import ValidationPolicy
from signing.report import DocumentReport
from signing.revocation import Revocation, RevocationList
from signing.testing.authority import DAY, YEAR, Authority, Holder, Issued, Terms, Use
from signing.testing.servers import OcspServer
from signing.testing.stamping import StandInTsa
from signing.trust import Anchor, AnchorRole, Trust
from signing.validation import validate_pdf

#: when everything is signed
START = datetime(2023, 6, 1, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIELD = "NguoiKy"
ROOM = 20_000


class InProcess(TimeStamper):
    """Asks a stand-in without a network."""

    def __init__(self, tsa: StandInTsa) -> None:
        super().__init__()
        self.tsa = tsa

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self.tsa.answer(req.dump()))


@dataclass
class World:
    """Two authorities; `at` is the time of whatever is done next."""

    draft: bytes
    at: datetime = START
    term: timedelta = YEAR
    #: when the signers' authority was set up: its certificates last sixteen years
    founded: datetime = START

    def __post_init__(self) -> None:
        self.authority = Authority("CA người ký", self.founded)
        self.stamping = Authority("CA dấu thời gian", START, prefix="tsa-")
        self.signer = self.issue("Trịnh Việt Hùng")
        self.tsa = self.stamping.issue(Holder("tsa", "TSA"), START, Terms(Use.TIMESTAMPING))
        self.withdrawn: dict[Issued, datetime] = {}

    def issue(self, name: str, *, authority: Authority | None = None) -> Issued:
        terms = Terms(term=self.term, ocsp_url="http://ocsp.vn/")
        return (authority or self.authority).issue(Holder("x", name), START, terms)

    @property
    def trust(self) -> Trust:
        roots = ((AnchorRole.SIGNER, self.authority), (AnchorRole.TSA, self.stamping))
        span = (START - DAY, START + 12 * YEAR)
        return Trust(
            tuple(
                Anchor(role, role, one.root.public_bytes(Encoding.DER), *span)
                for role, one in roots
            )
        )

    def lists(self, *authorities: Authority, life: timedelta = 7 * DAY) -> list[bytes]:
        """Return what the authorities publish now: the lists of root and issuer."""
        gone = {one.certificate: since for one, since in self.withdrawn.items()}
        return [
            one.revocation_list(
                self.at,
                tier=tier,
                life=life,
                withdrawn={key: at for key, at in gone.items() if self._lists(one, tier, key)},
            )
            for one in authorities or (self.authority, self.stamping)
            for tier in ("root", "issuing")
        ]

    def _lists(self, authority: Authority, tier: str, certificate) -> bool:
        # an issuer need not list what has expired
        above = getattr(authority, tier).subject
        return certificate.issuer == above and certificate.not_valid_after_utc > self.at

    def sign(
        self,
        pdf: bytes | None = None,
        *,
        by: Issued | None = None,
        field: str = FIELD,
        stamped: bool = False,
        carried: list[bytes] | None = None,
    ) -> bytes:
        """Add a signature stating `at`; `carried` lists are put into it as Acrobat does."""
        signer = _signer(by or self.signer)
        kind = SigSeedSubFilter.ADOBE_PKCS7_DETACHED if carried else SigSeedSubFilter.PADES
        metadata = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=kind)
        pdf_signer = PdfSigner(
            metadata,
            signer,
            timestamper=InProcess(StandInTsa(self.tsa, lambda: self.at)) if stamped else None,
            new_field_spec=SigFieldSpec(field),
        )
        session = pdf_signer.init_signing_session(_writer(self.draft if pdf is None else pdf))
        session.system_time = self.at
        document = session.prepare_tbs_document(validation_info=None, bytes_reserved=ROOM)
        out = io.BytesIO()
        prepared, _ = document.digest_tbs_document(output=out)
        archive = None
        if carried:
            parsed = [crl.CertificateList.load(one) for one in carried]
            archive = SimpleSigner.format_revinfo(ocsp_responses=[], crls=parsed)
        attributes = PdfCMSSignedAttributes(signing_time=self.at, adobe_revinfo_attr=archive)
        asyncio.run(document.perform_signature(prepared.document_digest, attributes))
        return out.getvalue()

    def stored(self, pdf: bytes, lists: list[bytes], answers: list[bytes] = []) -> bytes:  # noqa: B006
        """Put lists and answers into the document's store (DSS)."""
        out = io.BytesIO(pdf)
        DocumentSecurityStore.add_dss(
            out,
            sig_contents=None,
            certs=[_parsed(one.issuing) for one in (self.authority, self.stamping)],
            crls=[crl.CertificateList.load(one) for one in lists],
            ocsps=[ocsp.OCSPResponse.load(one) for one in answers],
        )
        return out.getvalue()

    def stamp(self, pdf: bytes, tsa: Issued | None = None) -> bytes:
        """Put a timestamp over the whole document."""
        stand_in = StandInTsa(tsa or self.tsa, lambda: self.at)
        out = io.BytesIO()
        PdfTimeStamper(InProcess(stand_in)).timestamp_pdf(
            _writer(pdf), "sha256", bytes_reserved=ROOM, output=out
        )
        return out.getvalue()

    def answer(self, about: Issued, life: timedelta = 10 * HOUR) -> bytes:
        """Return what an OCSP responder says of a certificate now."""
        responder = self.authority.issue(Holder("o", "OCSP"), START, Terms(Use.OCSP))
        server = OcspServer(self.authority, responder, lambda: self.at, life=life)
        server._http.server_close()
        for one, since in self.withdrawn.items():
            server.withdrawn[one.certificate.serial_number] = since
        builder = requests.OCSPRequestBuilder().add_certificate(
            about.certificate,
            self.authority.issuing,
            hashes.SHA1(),
        )
        return server.answer(builder.build().public_bytes(Encoding.DER))

    def check(
        self,
        pdf: bytes,
        lists: list[bytes] = [],  # noqa: B006
        policy: ValidationPolicy | None = None,
        trust: Trust | None = None,
    ) -> DocumentReport:
        """Validate at `at` with these lists at hand, and no others."""
        revocation = Revocation(
            tuple(RevocationList("http://crl.vn/", one) for one in lists), ("http://crl.vn/",)
        )
        return validate_pdf(
            pdf,
            trust=trust or self.trust,
            revocation=revocation,
            policy=policy or ValidationPolicy(),
            at=self.at,
        )

    # -- files at each level, made hour after hour from START --------------------------------------

    def level_t(self) -> bytes:
        return self.sign(stamped=True)

    def level_lt(self) -> bytes:
        signed = self.level_t()
        self.at += HOUR
        return self.stored(signed, self.lists())

    def level_lta(self) -> bytes:
        stored = self.level_lt()
        self.at += HOUR
        return self.stamp(stored)


def _writer(pdf: bytes) -> IncrementalPdfFileWriter:
    return IncrementalPdfFileWriter(io.BytesIO(pdf))


def _signer(issued: Issued) -> SimpleSigner:
    key = issued.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    store = SimpleCertificateStore()
    store.register_multiple([_parsed(one) for one in issued.issuers[:-1]])
    return SimpleSigner(
        signing_cert=_parsed(issued.certificate),
        signing_key=keys.PrivateKeyInfo.load(key),
        cert_registry=store,
    )


def _parsed(certificate) -> x509.Certificate:
    return x509.Certificate.load(certificate.public_bytes(Encoding.DER))
