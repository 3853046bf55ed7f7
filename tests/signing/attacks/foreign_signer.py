"""Signatures as any program might make them, right or wrong: the CMS is put together by hand."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asn1crypto import algos, cms, core, x509
from attacks.authority import Signatory
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import RawContent
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import as_signing_certificate_v2, simple_cms_attribute
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import SignatureObject

BOX = (300, 100, 420, 160)
SIGNED_AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Twist:
    """What is done otherwise than right in a CMS."""

    digest: str = "sha256"
    #: the certificate the ESS attribute names; None leaves the attribute out
    ess: bytes | None = b""
    #: what travels as certificates, the signer's being the default
    certificates: tuple[bytes, ...] = ()
    #: attributes in place of the right ones
    attributes: dict[str, Any] = field(default_factory=dict)
    content: bytes | None = None
    infos: int = 1
    has_attributes: bool = True


def _sign(key: Any, data: bytes, digest: str) -> bytes:
    algorithm = {"sha256": hashes.SHA256, "sha1": hashes.SHA1}[digest]()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(algorithm))
    signature: bytes = key.sign(data, padding.PKCS1v15(), algorithm)
    return signature


def cms_of(signatory: Signatory, document_digest: bytes, twist: Twist | None = None) -> bytes:
    """Return a detached CMS over a digest, DER."""
    twist = twist or Twist()
    certificate = x509.Certificate.load(signatory.certificate)
    attributes: dict[str, Any] = {
        "content_type": "data",
        "message_digest": document_digest,
        "signing_time": cms.Time({"utc_time": core.UTCTime(SIGNED_AT)}),
    }
    if twist.ess is not None:
        named = x509.Certificate.load(twist.ess or signatory.certificate)
        attributes["signing_certificate_v2"] = as_signing_certificate_v2(named, "sha256")
    attributes |= twist.attributes
    signed = cms.CMSAttributes(
        [simple_cms_attribute(kind, value) for kind, value in attributes.items() if value]
    )
    kind = "rsa" if certificate.public_key.algorithm == "rsa" else "ecdsa"
    to_sign = signed.dump() if twist.has_attributes else document_digest
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {
                            "issuer": certificate.issuer,
                            "serial_number": certificate.serial_number,
                        }
                    )
                }
            ),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": twist.digest}),
            "signature_algorithm": algos.SignedDigestAlgorithm(
                {"algorithm": f"{twist.digest}_{kind}"}
            ),
            "signed_attrs": signed if twist.has_attributes else None,
            "signature": _sign(signatory.key, to_sign, twist.digest),
        }
    )
    data = cms.SignedData(
        {
            "version": "v1",
            "encap_content_info": {"content_type": "data", "content": twist.content},
            "digest_algorithms": [algos.DigestAlgorithm({"algorithm": twist.digest})],
            "certificates": [
                x509.Certificate.load(one)
                for one in (twist.certificates or (signatory.certificate,))
            ],
            "signer_infos": [info] * twist.infos,
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": data}).dump())


def sign(
    pdf: bytes,
    signatory: Signatory,
    *,
    name: str = "Chu ky",
    box: tuple[int, int, int, int] | None = BOX,
    drawing: bytes = b"0 0 1 rg 5 5 60 20 re f",
    twist: Twist | None = None,
    certify: MDPPerm | None = None,
    lock: Any = None,
    subfilter: SigSeedSubFilter = SigSeedSubFilter.PADES,
    page: int = 0,
    change: Callable[[Any], None] | None = None,
    reserved: int = 6000,
) -> bytes:
    """Append a signature; `change(writer)` alters something else in the same revision."""
    twist = twist or Twist()
    reader = PdfFileReader(io.BytesIO(pdf), strict=False)
    writer = IncrementalPdfFileWriter.from_reader(reader)
    spec = SigFieldSpec(name, on_page=page, box=box)
    steps = PdfCMSEmbedder(spec).write_cms(name, writer)
    widget = next(steps).get_object()
    if box:
        size = BoxConstraints(box[2] - box[0], box[3] - box[1])
        form = RawContent(drawing, box=size).as_form_xobject()
        writer_ref = writer.add_object(form)
        widget["/AP"] = _dictionary({"/N": writer_ref})
    mdp = None
    if certify or lock:
        mdp = SigMDPSetup(
            md_algorithm=twist.digest,
            certify=certify is not None,
            docmdp_perms=certify,
            field_lock=lock,
        )
    placeholder = SignatureObject(timestamp=SIGNED_AT, subfilter=subfilter, bytes_reserved=reserved)
    steps.send(SigObjSetup(sig_placeholder=placeholder, mdp_setup=mdp))
    if change:
        change(writer)
    prepared, output = steps.send(SigIOSetup(md_algorithm=twist.digest))
    steps.send(cms_of(signatory, prepared.document_digest, twist))
    return bytes(output.getvalue())


def _dictionary(entries: dict[str, Any]) -> Any:
    return generic.DictionaryObject({pdf_name(key): value for key, value in entries.items()})
