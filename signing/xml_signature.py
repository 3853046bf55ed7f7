"""XML signatures (chữ ký số XML): one narrow profile of XML-DSig and XAdES, made and checked.

What is not in the profile is refused, not skipped: other transforms, references elsewhere, keys by
name, a shared secret. A signature is checked with the certificate it carries and nothing else.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from lxml import etree

from signing.certificate import ensure_signed_by, load_certificate, public_key_of
from signing.errors import KeyNotSupported, SignatureMismatch
from signing.keystores.base import KeyStore
from signing.verdict import Reason
from signing.xml_errors import XmlSignatureRefused

_SHA256 = hashes.SHA256()
DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
ENVELOPED = f"{DS}enveloped-signature"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
INCLUSIVE_11 = "http://www.w3.org/2006/12/xml-c14n11"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
DIGESTS = {
    SHA256: "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
METHODS = {
    f"{_MORE}{kind}-{digest}": (kind, digest)
    for kind in ("rsa", "ecdsa")
    for digest in ("sha256", "sha384", "sha512")
}
CANONICAL = (EXCLUSIVE, INCLUSIVE, INCLUSIVE_11)
#: a signature has few references, and each costs a pass over the data
MOST_REFERENCES = 1000


def ds(name: str) -> str:
    """Return the qualified name of an element of XML-DSig."""
    return f"{{{DS}}}{name}"


def xades(name: str) -> str:
    """Return the qualified name of an element of XAdES."""
    return f"{{{XADES}}}{name}"


def canonical(element: Any, algorithm: str) -> bytes:
    """Return an element in canonical form, without comments, as it stands in its document."""
    data: bytes = etree.tostring(
        element, method="c14n", exclusive=algorithm == EXCLUSIVE, with_comments=False
    )
    return data


@dataclass(frozen=True)
class Reference:
    """What is signed (đối tượng được ký): its address, how it became `octets`, its media type."""

    uri: str
    octets: bytes
    transforms: tuple[str, ...] = ()
    media_type: str = ""


@dataclass(frozen=True)
class Checked:
    """A signature that holds cryptographically: by whom, over which addresses, the claimed time."""

    signer: bytes
    others: tuple[bytes, ...]
    uris: tuple[str, ...]
    claimed_at: datetime | None


# made ----------------------------------------------------------------------------------------


def append_signature(
    parent: Any, references: tuple[Reference, ...], keystore: KeyStore, *, identity: str
) -> None:
    """Append a plain signature over `references`, with the exclusive canonical form.

    Raise `KeyNotSupported` or `SignatureMismatch`.
    """
    certificate = load_certificate(keystore.certificate())
    kind = "rsa" if isinstance(public_key_of(certificate), rsa.RSAPublicKey) else "ecdsa"
    signature = etree.SubElement(parent, ds("Signature"), {"Id": identity}, nsmap={"ds": DS})
    info = etree.SubElement(signature, ds("SignedInfo"))
    etree.SubElement(info, ds("CanonicalizationMethod"), Algorithm=EXCLUSIVE)
    etree.SubElement(info, ds("SignatureMethod"), Algorithm=f"{_MORE}{kind}-sha256")
    for number, one in enumerate(references):
        append_reference(info, one, identity=f"{identity}-{number}")
    value = etree.SubElement(signature, ds("SignatureValue"))
    data = etree.SubElement(etree.SubElement(signature, ds("KeyInfo")), ds("X509Data"))
    subject = etree.SubElement(data, ds("X509SubjectName"))
    subject.text = certificate.subject.rfc4514_string()
    for der in (keystore.certificate(), *keystore.chain()):
        etree.SubElement(data, ds("X509Certificate")).text = b64encode(der).decode()
    octets = canonical(info, EXCLUSIVE)
    raw = keystore.sign(octets, "sha256")
    ensure_signed_by(certificate, octets, raw, "sha256")
    value.text = b64encode(_plain(certificate, raw)).decode()


def append_reference(info: Any, one: Reference, *, identity: str) -> None:
    """Append a reference named `identity` to the signed information."""
    reference = etree.SubElement(info, ds("Reference"), {"Id": identity, "URI": one.uri})
    if one.transforms:
        transforms = etree.SubElement(reference, ds("Transforms"))
        for algorithm in one.transforms:
            etree.SubElement(transforms, ds("Transform"), Algorithm=algorithm)
    etree.SubElement(reference, ds("DigestMethod"), Algorithm=SHA256)
    digest = hashlib.sha256(one.octets).digest()
    etree.SubElement(reference, ds("DigestValue")).text = b64encode(digest).decode()


# checked -------------------------------------------------------------------------------------

#: gives the octets of a reference, or raises `XmlSignatureRefused`: address, transforms
Resolve = Callable[[str, tuple[str, ...]], bytes]


def check_signature(signature: Any, resolve: Resolve) -> Checked:
    """Check a signature element and everything it refers to; raise `XmlSignatureRefused`.

    The signed properties of XAdES, where there are some, must be this signature's own.
    """
    try:
        return _check(signature, resolve)
    except (AttributeError, ValueError, TypeError, LookupError) as error:
        raise XmlSignatureRefused(reason=Reason.FORMAT_FAILURE) from error


def _check(signature: Any, resolve: Resolve) -> Checked:
    info, value, key_info = _parts(signature)
    form = _algorithm(info, "CanonicalizationMethod", CANONICAL)
    method = _algorithm(info, "SignatureMethod", tuple(METHODS))
    certificates = _certificates(key_info)
    signer = _signer(certificates, canonical(info, form), _decoded(value), method)
    references = info.findall(ds("Reference"))
    if not 0 < len(references) <= MOST_REFERENCES:
        raise XmlSignatureRefused(reason=Reason.NOT_COVERED)
    properties = _own_properties(signature, signer)
    parts = [one for one in (properties, key_info) if one is not None and one.get("Id")]
    own = {f"#{one.get('Id')}": one for one in parts}
    uris = []
    for reference in references:
        uri, transforms = reference.get("URI"), _transforms(reference)
        if uri is None:
            raise XmlSignatureRefused(reason=Reason.UNSUPPORTED)
        if uri in own:
            if len(transforms) > 1 or transforms[:1] not in {(), *((one,) for one in CANONICAL)}:
                raise XmlSignatureRefused(reason=Reason.UNSUPPORTED)
            _ensure_alone(own[uri])
            octets = canonical(own[uri], (transforms or (INCLUSIVE,))[0])
        else:
            octets = resolve(uri, transforms)
        _compare(reference, octets)
        uris.append(uri)
    if properties is not None and f"#{properties.get('Id')}" not in uris:
        raise XmlSignatureRefused(reason=Reason.NOT_COVERED)
    others = tuple(one for one in certificates if one != signer)
    return Checked(signer, others, tuple(uris), _claimed(properties))


def _parts(signature: Any) -> tuple[Any, Any, Any]:
    names = [child.tag for child in signature if isinstance(child.tag, str)]
    first = [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")]
    if names[:3] != first or set(names[3:]) - {ds("Object")} or len(names) > 4:
        raise XmlSignatureRefused(reason=Reason.UNSUPPORTED)
    found = [child for child in signature if isinstance(child.tag, str)]
    return found[0], found[1], found[2]


def _algorithm(parent: Any, name: str, allowed: tuple[str, ...]) -> str:
    elements = parent.findall(ds(name))
    algorithm = elements[0].get("Algorithm") if len(elements) == 1 else None
    if algorithm not in allowed or len(elements[0]):
        # RSA-SHA1, HMAC, a canonical form with a list of prefixes: none is in the profile
        raise XmlSignatureRefused(reason=Reason.WEAK_ALGORITHM)
    return str(algorithm)


def _certificates(key_info: Any) -> list[bytes]:
    found = [
        b64decode("".join((one.text or "").split()), validate=True)
        for data in key_info.findall(ds("X509Data"))
        for one in data.findall(ds("X509Certificate"))
    ]
    if not found:
        raise XmlSignatureRefused(reason=Reason.UNSUPPORTED)
    return found


def _signer(certificates: list[bytes], data: bytes, raw: bytes, method: str) -> bytes:
    kind, digest = METHODS[method]
    for der in certificates:
        try:
            certificate = load_certificate(der)
            key = public_key_of(certificate)
            if isinstance(key, rsa.RSAPublicKey) != (kind == "rsa"):
                continue
            ensure_signed_by(certificate, data, _as_key_signs(key, raw), digest)
        except (KeyNotSupported, SignatureMismatch):
            continue
        return der
    raise XmlSignatureRefused(reason=Reason.CRYPTO_FAILURE)


def _transforms(reference: Any) -> tuple[str, ...]:
    found = reference.findall(ds("Transforms"))
    if len(found) > 1 or any(len(one) for each in found for one in each):
        raise XmlSignatureRefused(reason=Reason.UNSUPPORTED)
    return tuple(str(one.get("Algorithm")) for each in found for one in each)


def _own_properties(signature: Any, signer: bytes) -> Any:
    holder = signature.find(ds("Object"))
    if holder is None:
        return None
    found = holder.findall(f"{xades('QualifyingProperties')}/{xades('SignedProperties')}")
    if len(found) != 1 or len(holder) != 1 or not found[0].get("Id"):
        raise XmlSignatureRefused(reason=Reason.UNSUPPORTED)
    for digest in found[0].findall(f".//{xades('CertDigest')}"):
        _compare(digest, signer)
        break
    return found[0]


def _ensure_alone(element: Any) -> None:
    """Refuse a name that another element bears too: others would find that one."""
    identity = element.get("Id")
    document = element.getroottree()
    if sum(identity in one.attrib.values() for one in document.iter() if one.get("Id")) != 1:
        raise XmlSignatureRefused(reason=Reason.FORMAT_FAILURE)


def _compare(holder: Any, octets: bytes) -> None:
    method = _algorithm(holder, "DigestMethod", tuple(DIGESTS))
    told = holder.findall(ds("DigestValue"))
    if len(told) != 1 or _decoded(told[0]) != hashlib.new(DIGESTS[method], octets).digest():
        raise XmlSignatureRefused(reason=Reason.HASH_FAILURE)


def _decoded(element: Any) -> bytes:
    if len(element):
        raise XmlSignatureRefused(reason=Reason.FORMAT_FAILURE)
    return b64decode("".join((element.text or "").split()), validate=True)


def _claimed(properties: Any) -> datetime | None:
    if properties is None:
        return None
    told = properties.findtext(f"{xades('SignedSignatureProperties')}/{xades('SigningTime')}")
    moment = datetime.fromisoformat(told) if told else None
    return moment if moment is not None and moment.tzinfo else None


# ECDSA in XML is two numbers side by side (RFC 4050), as a key makes and checks it DER ----------


def _plain(certificate: x509.Certificate, raw: bytes) -> bytes:
    key = public_key_of(certificate)
    if isinstance(key, rsa.RSAPublicKey):
        return raw
    width = (key.key_size + 7) // 8
    r, s = decode_dss_signature(raw)
    return r.to_bytes(width) + s.to_bytes(width)


def _as_key_signs(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, raw: bytes) -> bytes:
    if isinstance(key, rsa.RSAPublicKey):
        return raw
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
