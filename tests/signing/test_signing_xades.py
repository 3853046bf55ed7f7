"""XAdES-B as signxml writes it with our keys: what it covers, from which key, how large."""

import base64
from datetime import UTC, datetime

import pytest
import xmlsec
from lxml import etree

from signing.errors import SignatureMismatch
from signing.verdict import Reason, Verdict
from signing.xml import sign_xml, verify_xml
from signing.xml_signature import INCLUSIVE_11, XADES, ds, xades

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
PACKET = b'<goi xmlns="urn:goi" Id="goi"><dau/><than>C\xc3\xb4ng v\xc4\x83n</than></goi>'


@pytest.fixture(scope="module")
def check(trust, revocation):
    def verify(data: bytes):
        return verify_xml(data, trust=trust, revocation=revocation, at=AT)

    return verify


@pytest.fixture(scope="module")
def signed(keystore) -> bytes:
    return sign_xml(PACKET, keystore("ubnd"), parent="dau", claimed_at=AT)


def seen_by_xmlsec(data: bytes, pki) -> None:
    root = etree.fromstring(data, etree.XMLParser(huge_tree=True))
    xmlsec.tree.add_ids(root, ["Id"])
    manager = xmlsec.KeysManager()
    anchor = str(pki.trust_folder / "anchors" / "root.pem")
    manager.load_cert(anchor, xmlsec.KeyFormat.PEM, xmlsec.constants.KeyDataTypeTrusted)
    xmlsec.SignatureContext(manager).verify(next(root.iter(ds("Signature"))))


def test_the_document_the_properties_and_the_key_are_signed(signed):
    """EN 319 132-1: SigningTime, SigningCertificateV2 and the format of what is signed."""
    root = etree.fromstring(signed)
    [signature] = root.iter(ds("Signature"))
    info = signature.find(ds("SignedInfo"))
    assert info.find(ds("CanonicalizationMethod")).get("Algorithm") == INCLUSIVE_11
    [properties] = root.iter(xades("SignedProperties"))
    addresses = [one.get("URI") for one in info.findall(ds("Reference"))]
    key = signature.find(ds("KeyInfo")).get("Id")
    assert addresses == ["", f"#{properties.get('Id')}", f"#{key}"]
    names = [etree.QName(one).localname for one in properties[0]]
    assert names == ["SigningTime", "SigningCertificateV2"]
    assert properties[0][0].text == "2026-11-22T15:30:00+07:00"
    assert root.findtext(f".//{{{XADES}}}MimeType") == "application/xml"
    assert signature.find(f"{ds('KeyInfo')}/{ds('KeyValue')}") is None


def test_a_document_that_names_itself_is_signed_whole(signed, check, pki):
    seen_by_xmlsec(signed, pki)
    report = check(signed)
    assert (report.verdict, report.claimed_at) == (Verdict.VALID, AT)
    assert report.signed.startswith(b"<goi")


def test_a_certificate_put_beside_the_signers_is_noticed(signed, keystore, check):
    root = etree.fromstring(signed)
    data = next(root.iter(ds("X509Data")))
    other = base64.b64encode(keystore("chutich").certificate()).decode()
    etree.SubElement(data, ds("X509Certificate")).text = other
    report = check(etree.tostring(root))
    assert (report.verdict, report.reason) == (Verdict.INVALID, Reason.HASH_FAILURE)


@pytest.mark.parametrize("part", [ds("KeyInfo"), xades("SignedProperties")])
def test_two_elements_of_one_name_are_refused(part, signed, check):
    """Unsigned properties may be added to any signature; they must not pose as a signed part."""
    root = etree.fromstring(signed)
    name = next(root.iter(part)).get("Id")
    unsigned = etree.SubElement(
        next(root.iter(xades("QualifyingProperties"))), xades("UnsignedProperties")
    )
    beside = etree.fromstring(etree.tostring(root))
    assert check(etree.tostring(beside)).verdict is Verdict.VALID
    unsigned.set("Id", name)
    report = check(etree.tostring(root))
    assert (report.verdict, report.reason) == (Verdict.INVALID, Reason.FORMAT_FAILURE)
    assert report.signed == b""


def test_the_same_document_at_the_same_time_is_the_same_to_the_byte(signed, keystore):
    assert sign_xml(PACKET, keystore("ubnd"), parent="dau", claimed_at=AT) == signed


def test_a_packet_with_a_large_file_is_signed_and_read(keystore, check, pki):
    """More than the 10 MB of text at which parsers of XML stop by themselves."""
    packet = PACKET.replace(b"<than>", b"<than>" + b"QUJD" * (11 * 2**18))
    data = sign_xml(packet, keystore("ubnd"), parent="dau", claimed_at=AT)
    assert check(data).verdict is Verdict.VALID
    seen_by_xmlsec(data, pki)


class Lying:
    """A keystore whose key is not the one of its certificate."""

    def __init__(self, shown, used) -> None:
        self._shown, self._used = shown, used

    def certificate(self) -> bytes:
        return self._shown.certificate()

    def chain(self) -> tuple[bytes, ...]:
        return self._shown.chain()

    def sign(self, data: bytes, digest_algorithm: str) -> bytes:
        return self._used.sign(data, digest_algorithm)


def test_a_key_that_is_not_the_certificates_signs_nothing(keystore):
    with pytest.raises(SignatureMismatch):
        sign_xml(PACKET, Lying(keystore("ubnd"), keystore("revoked")), claimed_at=AT)
