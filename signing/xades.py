"""XAdES-B signatures (chữ ký số XML nâng cao, ETSI EN 319 132), written by signxml with any key.

What is signed is told as references, because a container and a document that envelops its
signature name it differently; all the rest of the signature is the library's.
"""

from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.xades.xades import XAdESSigner

from signing.appearance import VIETNAM
from signing.certificate import ensure_signed_by, load_certificate, public_key_of
from signing.keystores.base import KeyStore
from signing.xml_signature import DS, Reference, append_reference, ds, xades

_PLACEHOLDER = "placeholder"


def sign_advanced(
    root: Any,
    place: Any,
    references: tuple[Reference, ...],
    keystore: KeyStore,
    *,
    identity: str,
    claimed_at: datetime,
) -> Any:
    """Return a copy of `root` with a signature over `references` as the last child of `place`.

    C14N 1.1 and SHA-256. Raise `KeyNotSupported`, `SignatureMismatch` or what the keystore raises.
    """
    chain = [load_certificate(one) for one in (keystore.certificate(), *keystore.chain())]
    etree.SubElement(place, ds("Signature"), {"Id": _PLACEHOLDER}, nsmap={"ds": DS})
    signer = _Signer(chain[0], references, identity, claimed_at)
    key: Any = _Key(keystore, chain[0])
    return signer.sign(root, key=key, cert=chain, always_add_key_value=False)


class _Key:
    """A keystore as signxml asks a private key: the padding is the one every keystore uses."""

    def __init__(self, keystore: KeyStore, certificate: x509.Certificate) -> None:
        self._keystore = keystore
        self._certificate = certificate
        self.key_size = public_key_of(certificate).key_size

    def sign(self, data: bytes, **_algorithm: Any) -> bytes:
        raw = self._keystore.sign(data, "sha256")
        ensure_signed_by(self._certificate, data, raw, "sha256")
        return raw


class _Signer(XAdESSigner):
    """XAdES over given references, at a given time, with names that do not change."""

    def __init__(
        self,
        certificate: x509.Certificate,
        references: tuple[Reference, ...],
        identity: str,
        claimed_at: datetime,
    ) -> None:
        is_rsa = isinstance(public_key_of(certificate), rsa.RSAPublicKey)
        super().__init__(
            signature_algorithm=(
                SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256
            ),
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_1,
        )
        self._references = references
        self._identity = identity
        self._claimed_at = claimed_at
        self.signature_annotators.insert(0, self._add_references)

    @property
    def parser(self) -> Any:
        # a packet carries files of more than the 10 MB that a text may have by default
        return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)

    def _get_token(self, length: int = 4) -> str:
        # by chance in the library; the same files shall give the same container
        return "0" * length

    def _add_references(self, sig_root: Any, signing_settings: Any) -> None:
        del signing_settings
        sig_root.set("Id", self._identity)
        info = sig_root.find(ds("SignedInfo"))
        for one in info.findall(ds("Reference")):
            info.remove(one)
        for number, one in enumerate(self._references):
            append_reference(info, one, identity=f"{self._identity}-{number}")

    def add_signing_time(
        self, signed_signature_properties: Any, sig_root: Any, signing_settings: Any
    ) -> None:
        """Write the time that was told, not the one of this machine's clock."""
        del sig_root, signing_settings
        time = etree.SubElement(signed_signature_properties, xades("SigningTime"))
        time.text = self._claimed_at.astimezone(VIETNAM).isoformat(timespec="seconds")

    def add_data_object_format(
        self, signed_data_object_properties: Any, sig_root: Any, signing_settings: Any
    ) -> None:
        """Write the media type of every reference."""
        del sig_root, signing_settings
        for number, one in enumerate(self._references):
            described = etree.SubElement(
                signed_data_object_properties,
                xades("DataObjectFormat"),
                ObjectReference=f"#{self._identity}-{number}",
            )
            media_type = one.media_type or "application/xml"
            etree.SubElement(described, xades("MimeType")).text = media_type
