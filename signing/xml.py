"""Signed XML (văn bản XML ký số): a signature inside the document that covers all of it.

The whole document but for its signature is what was signed, so that nothing can be wrapped around
it or slipped in beside it; a reader uses `XmlReport.signed` and no other bytes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from lxml import etree

from signing.certificate import load_certificate
from signing.keystores.base import KeyStore
from signing.policy import ValidationPolicy
from signing.revocation import Revocation
from signing.signer_path import judge_signer
from signing.trust import Trust
from signing.verdict import Reason, Verdict
from signing.xades import sign_advanced
from signing.xml_errors import XmlRefused, XmlSignatureRefused
from signing.xml_signature import (
    CANONICAL,
    ENVELOPED,
    EXCLUSIVE,
    INCLUSIVE_11,
    Reference,
    append_signature,
    canonical,
    check_signature,
    ds,
)

_COMMON_NAME = NameOID.COMMON_NAME
_SHA256 = hashes.SHA256()
LARGEST = 64 * 2**20
IDENTITY = "congvan-ky-so"


@dataclass(frozen=True)
class XmlReport:
    """What can be said of the signature of an XML document (kết quả kiểm tra chữ ký số XML)."""

    verdict: Verdict
    reason: Reason = Reason.NONE
    #: the document as it was signed, canonical and without its signature; empty unless it holds
    signed: bytes = b""
    subject: str = ""
    issuer: str = ""
    serial: str = ""
    fingerprint: str = ""
    claimed_at: datetime | None = None

    def to_data(self) -> dict[str, Any]:
        """Return plain data for JSON, without the document."""
        return {
            "verdict": self.verdict, "reason": self.reason, "subject": self.subject,
            "issuer": self.issuer, "serial": self.serial, "fingerprint": self.fingerprint,
            "claimed_at": self.claimed_at.isoformat() if self.claimed_at else None,
        }  # fmt: skip


def sign_xml(
    data: bytes, keystore: KeyStore, *, parent: str = "", claimed_at: datetime | None = None
) -> bytes:
    """Return the document with an enveloped signature as the last child of the element `parent`.

    `parent` is a local name, by default the root's. Plain XML-DSig with exclusive canonical form;
    with `claimed_at` XAdES-B with C14N 1.1. Raise `XmlRefused` or what the keystore raises.
    """
    root = read_xml(data)
    places = [one for one in _elements(root) if etree.QName(one).localname == parent]
    place = root if not parent else places[0] if len(places) == 1 else None
    if place is None or _signatures(root):
        raise XmlRefused(reason=f"không có đúng một phần tử {parent}, hoặc đã có chữ ký số")
    form = EXCLUSIVE if claimed_at is None else INCLUSIVE_11
    whole = (Reference("", canonical(root, form), (ENVELOPED, form)),)
    if claimed_at is None:
        append_signature(place, whole, keystore, identity=IDENTITY)
    else:
        root = sign_advanced(root, place, whole, keystore, identity=IDENTITY, claimed_at=claimed_at)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def verify_xml(
    data: bytes,
    *,
    trust: Trust,
    revocation: Revocation,
    policy: ValidationPolicy | None = None,
    at: datetime,
) -> XmlReport:
    """Return what can be said of the document's signature at the moment `at`; never raise."""
    try:
        if len(data) > LARGEST:
            return XmlReport(Verdict.UNDETERMINED, Reason.LIMIT_EXCEEDED)
        root = read_xml(data)
        signatures = _signatures(root)
        if not signatures:
            return XmlReport(Verdict.UNSIGNED, Reason.NO_SIGNATURE)
        if len(signatures) > 1 or signatures[0].tag != ds("Signature"):
            # others write it in the namespace of the envelope: no verifier finds it there
            return XmlReport(Verdict.UNDETERMINED, Reason.UNSUPPORTED)
        if signatures[0] is root:
            return XmlReport(Verdict.INVALID, Reason.NOT_COVERED)
        whole = _Whole(root)
        checked = check_signature(signatures[0], whole.octets)
        if whole.signed is None:
            return XmlReport(Verdict.INVALID, Reason.NOT_COVERED)
    except XmlSignatureRefused as error:
        reason = error.fields["reason"]
        unknown = reason in {Reason.UNSUPPORTED, Reason.WEAK_ALGORITHM}
        return XmlReport(Verdict.UNDETERMINED if unknown else Verdict.INVALID, reason)
    except Exception:  # noqa: BLE001 - hostile documents raise anything: fail closed
        return XmlReport(Verdict.INVALID, Reason.FORMAT_FAILURE)
    verdict, reason = judge_signer(
        checked.signer, checked.others, trust, revocation, policy or ValidationPolicy(), at
    )
    return XmlReport(
        verdict, reason, whole.signed, **described(checked.signer), claimed_at=checked.claimed_at
    )


def described(signer: bytes) -> dict[str, str]:
    """Return what a report names of a certificate."""
    certificate = load_certificate(signer)
    names = certificate.subject.get_attributes_for_oid(_COMMON_NAME)
    issuers = certificate.issuer.get_attributes_for_oid(_COMMON_NAME)
    return {
        "subject": str(names[0].value) if names else "",
        "issuer": str(issuers[0].value) if issuers else "",
        "serial": f"{certificate.serial_number:x}",
        "fingerprint": certificate.fingerprint(_SHA256).hex(),
    }


class _Whole:
    """Answers references to the whole document, once, and to nothing else."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self.signed: bytes | None = None

    def octets(self, uri: str, transforms: tuple[str, ...]) -> bytes:
        enveloped, *forms = transforms or ("",)
        if uri or self.signed is not None or enveloped != ENVELOPED or len(forms) > 1:
            raise XmlSignatureRefused(reason=Reason.UNSUPPORTED)
        form = forms[0] if forms else CANONICAL[1]
        if form not in CANONICAL:
            raise XmlSignatureRefused(reason=Reason.UNSUPPORTED)
        self.signed = canonical(_without(self._root), form)
        return self.signed


def _without(root: Any) -> Any:
    """Return a copy of the document without its one signature; text behind it stays."""
    copied = etree.fromstring(etree.tostring(root), _parser())
    [found] = _signatures(copied)
    parent, before = found.getparent(), found.getprevious()
    if found.tail:
        if before is None:
            parent.text = (parent.text or "") + found.tail
        else:
            before.tail = (before.tail or "") + found.tail
    parent.remove(found)
    return copied


def read_xml(data: bytes) -> Any:
    """Return the root of a document without DOCTYPE, in UTF-8; raise `XmlRefused`."""
    if len(data) > LARGEST:
        raise XmlRefused(reason=f"quá {LARGEST // 2**20} MB")
    try:
        text = data.decode("utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise XmlRefused(reason="có DOCTYPE")
        root = etree.fromstring(data, _parser())
    except (UnicodeDecodeError, etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise XmlRefused(reason=str(error)[:200]) from error
    if (root.getroottree().docinfo.encoding or "UTF-8").upper() not in {"UTF-8", "US-ASCII"}:
        raise XmlRefused(reason="không phải UTF-8")
    return root


def _parser() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)


def _elements(root: Any) -> list[Any]:
    return [one for one in root.iter() if isinstance(one.tag, str)]


def _signatures(root: Any) -> list[Any]:
    return [one for one in _elements(root) if etree.QName(one).localname == "Signature"]
