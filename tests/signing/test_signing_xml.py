"""Signed XML: made here and checked by another library, and what attackers try with it."""

import base64
import copy
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from lxml import etree
from signxml.xades import XAdESVerifier

from signing.revocation import Revocation
from signing.verdict import Reason, Verdict
from signing.xml import XmlReport, sign_xml, verify_xml
from signing.xml_errors import XmlRefused
from signing.xml_signature import DS, EXCLUSIVE, XADES, ds

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
MESSAGE = """<?xml version="1.0" encoding="utf-8"?>
<edXML:edXML xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXML:edXMLEnvelope>
<edXML:edXMLHeader><edXML:MessageHeader><edXML:Subject>V/v báo cáo “quý IV”</edXML:Subject>
<!-- ghi chú --></edXML:MessageHeader><edXML:TraceHeaderList/></edXML:edXMLHeader>
</edXML:edXMLEnvelope></edXML:edXML>""".encode()
SECRET = "mật khẩu thử"
#: RSA and ECDSA: the agency's key and the chairman's
KEYS = ("ubnd", "chutich")


@pytest.fixture(scope="module")
def check(trust, revocation):
    def verify(data: bytes, at: datetime = AT) -> XmlReport:
        return verify_xml(data, trust=trust, revocation=revocation, at=at)

    return verify


@pytest.fixture(scope="module", params=KEYS)
def key(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def signed(keystore) -> bytes:
    return sign_xml(MESSAGE, keystore("ubnd"), parent="edXMLHeader")


@pytest.fixture(scope="module")
def advanced(keystore) -> bytes:
    return sign_xml(MESSAGE, keystore("ubnd"), parent="edXMLHeader", claimed_at=AT)


def changed(data: bytes, change) -> bytes:
    root = etree.fromstring(data)
    other = change(root)
    whole = root if other is None else other
    return etree.tostring(whole, xml_declaration=True, encoding="UTF-8")


def signature_of(root):
    [found] = root.iter(ds("Signature"))
    return found


# -- made and read ---------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [None, AT], ids=["XML-DSig", "XAdES"])
def test_what_is_signed_is_read_as_signed(keystore, check, key, at):
    data = sign_xml(MESSAGE, keystore(key), parent="edXMLHeader", claimed_at=at)
    report = check(data)
    assert (report.verdict, report.reason) == (Verdict.VALID, Reason.NONE)
    assert report.subject
    assert report.claimed_at == at
    assert "báo cáo “quý IV”".encode() in report.signed
    assert b"Signature" not in report.signed
    root = etree.fromstring(data)
    assert signature_of(root).getparent().tag.endswith("edXMLHeader")


def test_the_envelopes_signature_is_what_the_regulation_of_the_axis_writes(signed):
    """One reference to the whole, enveloped, exclusive; the certificate and its subject."""
    signature = signature_of(etree.fromstring(signed))
    [reference] = signature.iter(ds("Reference"))
    assert reference.get("URI") == ""
    assert [one.get("Algorithm") for one in reference.iter(ds("Transform"))] == [
        f"{DS}enveloped-signature",
        EXCLUSIVE,
    ]
    data = signature.find(f"{ds('KeyInfo')}/{ds('X509Data')}")
    assert data.findtext(ds("X509SubjectName"))
    assert data.find(ds("X509Certificate")) is not None


def anchored(pki):
    manager = xmlsec.KeysManager()
    manager.load_cert(
        str(pki.trust_folder / "anchors" / "root.pem"),
        xmlsec.KeyFormat.PEM,
        xmlsec.constants.KeyDataTypeTrusted,
    )
    return manager


@pytest.mark.parametrize("which", ["signed", "advanced"])
def test_xmlsec_agrees(request, pki, which):
    root = etree.fromstring(request.getfixturevalue(which))
    xmlsec.tree.add_ids(root, ["Id"])
    context = xmlsec.SignatureContext(anchored(pki))
    context.verify(signature_of(root))
    next(root.iter("{*}Subject")).text = "khác"
    with pytest.raises(xmlsec.Error):
        xmlsec.SignatureContext(anchored(pki)).verify(signature_of(root))


def test_ecdsa_agrees_with_xmlsec(keystore, pki):
    root = etree.fromstring(sign_xml(MESSAGE, keystore("chutich"), parent="edXMLHeader"))
    xmlsec.SignatureContext(anchored(pki)).verify(signature_of(root))


def test_signxml_agrees_about_xades(advanced):
    certificate = signature_of(etree.fromstring(advanced)).findtext(f".//{ds('X509Certificate')}")
    pem = f"-----BEGIN CERTIFICATE-----\n{certificate.strip()}\n-----END CERTIFICATE-----\n"
    found = XAdESVerifier().verify(advanced, x509_cert=pem, expect_references=3)
    assert "báo cáo" in etree.tostring(found[0].signed_xml, encoding="unicode")


def test_what_xmlsec_signs_is_read(pki, keystore, trust, revocation):
    root = etree.fromstring(MESSAGE)
    header = next(root.iter("{*}edXMLHeader"))
    node = xmlsec.template.create(
        root, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256, ns="ds"
    )
    header.append(node)
    reference = xmlsec.template.add_reference(node, xmlsec.constants.TransformSha256, uri="")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    data = xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(node))
    xmlsec.template.x509_data_add_certificate(data)
    key, certificate, _ = pkcs12.load_key_and_certificates(pki.keystore("ubnd"), SECRET.encode())
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), xmlsec.KeyFormat.PEM
    )
    context.key.load_cert_from_memory(certificate.public_bytes(Encoding.PEM), xmlsec.KeyFormat.PEM)
    context.sign(node)
    known = replace(trust, issuers=keystore("ubnd").chain())
    report = verify_xml(etree.tostring(root), trust=known, revocation=revocation, at=AT)
    assert (report.verdict, report.reason) == (Verdict.VALID, Reason.NONE)


def test_an_unsigned_message_is_unsigned(check):
    report = check(MESSAGE)
    assert (report.verdict, report.signed) == (Verdict.UNSIGNED, b"")


# -- attacks ---------------------------------------------------------------------------------------


def tampered(root):
    next(root.iter("{*}Subject")).text = "Nội dung khác"


def added(root):
    etree.SubElement(root, "them").text = "thêm"


def attributed(root):
    root.set("them", "1")


def comment_split(root):
    subject = next(root.iter("{*}Subject"))
    subject.text, subject[:] = "V/v", []


def trace_added(root):
    etree.SubElement(next(root.iter("{*}TraceHeaderList")), "hop").text = "H55"


def value_flipped(root):
    value = signature_of(root).find(ds("SignatureValue"))
    raw = bytearray(base64.b64decode(value.text))
    raw[7] ^= 1
    value.text = base64.b64encode(raw).decode()


def digest_swapped(root):
    tampered(root)
    signature = signature_of(root)
    parent = signature.getparent()
    parent.remove(signature)
    octets = etree.tostring(root, method="c14n", exclusive=True, with_comments=False)
    digest = signature.find(f".//{ds('DigestValue')}")
    digest.text = base64.b64encode(hashlib.sha256(octets).digest()).decode()
    parent.append(signature)


@pytest.mark.parametrize(
    "change",
    [tampered, added, attributed, comment_split, trace_added, value_flipped, digest_swapped],
)
@pytest.mark.parametrize("which", ["signed", "advanced"])
def test_a_changed_message_is_not_valid(request, check, which, change):
    report = check(changed(request.getfixturevalue(which), change))
    assert report.verdict is Verdict.INVALID
    assert report.reason in {Reason.HASH_FAILURE, Reason.CRYPTO_FAILURE}
    assert report.signed == b""


def wrapped_outside(root):
    """XSW1: the signed document becomes a child of a hostile one."""
    inner = copy.deepcopy(root)
    for child in list(root):
        root.remove(child)
    root.append(inner)
    etree.SubElement(root, "{urn:x}Subject").text = "giả"


def wrapped_by_id(root):
    """XSW2: the reference names an element that stands elsewhere."""
    signature = signature_of(root)
    signature.find(f".//{ds('Reference')}").set("URI", "#that")
    original = copy.deepcopy(root)
    original.set("Id", "that")
    etree.SubElement(signature, ds("Object")).append(original)
    tampered(root)


def second_signature(root):
    signature = signature_of(root)
    root.append(copy.deepcopy(signature))


def signature_is_root(root):
    signature = copy.deepcopy(signature_of(root))
    holder = etree.SubElement(signature, ds("Object"))
    holder.append(copy.deepcopy(root))
    return signature


def referring(uri: str):
    def change(root):
        signature_of(root).find(f".//{ds('Reference')}").set("URI", uri)

    return change


def transforming(algorithm: str):
    def change(root):
        transforms = signature_of(root).find(f".//{ds('Transforms')}")
        etree.SubElement(transforms, ds("Transform"), Algorithm=algorithm)

    return change


def mac(root):
    """The public certificate as the secret of an HMAC: what a careless verifier would accept."""
    method = signature_of(root).find(f".//{ds('SignatureMethod')}")
    method.set("Algorithm", f"{DS}hmac-sha1")
    etree.SubElement(method, ds("HMACOutputLength")).text = "8"


def weak(root):
    signature_of(root).find(f".//{ds('SignatureMethod')}").set("Algorithm", f"{DS}rsa-sha1")


def weak_digest(root):
    signature_of(root).find(f".//{ds('DigestMethod')}").set("Algorithm", f"{DS}sha1")


def no_reference(root):
    info = signature_of(root).find(ds("SignedInfo"))
    for one in info.findall(ds("Reference")):
        info.remove(one)


def key_by_value(root):
    key_info = signature_of(root).find(ds("KeyInfo"))
    for one in list(key_info):
        key_info.remove(one)
    etree.SubElement(key_info, ds("KeyName")).text = "ubnd"


FILE = "file:///etc/passwd"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
ATTACKS = [
    wrapped_outside, wrapped_by_id, second_signature, signature_is_root, mac, weak, weak_digest,
    no_reference, key_by_value,
    *(referring(uri) for uri in (FILE, "http://127.0.0.1:9/x", "#khac", "#xpointer(/)", "cid:a")),
    *(transforming(algorithm) for algorithm in (XSLT, XPATH, f"{DS}base64", EXCLUSIVE)),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("which", ["signed", "advanced"])
def test_no_attack_is_valid_and_none_gives_content(request, check, which, attack):
    report = check(changed(request.getfixturevalue(which), attack))
    assert report.verdict is not Verdict.VALID
    assert report.signed == b""


def test_another_key_in_the_key_info_is_not_the_signer(signed, keystore, check):
    """The certificate of somebody else beside a foreign signature, and ours beside the stranger."""

    def swap(root):
        one = signature_of(root).find(f".//{ds('X509Certificate')}")
        one.text = base64.b64encode(keystore("chutich").certificate()).decode()

    report = check(changed(signed, swap))
    assert (report.verdict, report.reason) == (Verdict.INVALID, Reason.CRYPTO_FAILURE)
    stranger = sign_xml(MESSAGE, keystore("stranger"), parent="edXMLHeader")

    def beside(root):
        data = signature_of(root).find(f".//{ds('X509Data')}")
        ours = etree.Element(ds("X509Certificate"))
        ours.text = base64.b64encode(keystore("ubnd").certificate()).decode()
        data.insert(1, ours)

    report = check(changed(stranger, beside))
    assert (report.verdict, report.reason) == (Verdict.UNDETERMINED, Reason.UNKNOWN_AUTHORITY)
    assert report.subject == "Người Lạ"


@pytest.mark.parametrize(
    ("who", "verdict", "reason"),
    [
        ("stranger", Verdict.UNDETERMINED, Reason.UNKNOWN_AUTHORITY),
        ("revoked", Verdict.INVALID, Reason.REVOKED),
        ("expired", Verdict.INVALID, Reason.SIGNED_OUT_OF_TERM),
    ],
)
def test_the_certificate_counts(keystore, check, who, verdict, reason):
    report = check(sign_xml(MESSAGE, keystore(who), parent="edXMLHeader"))
    assert (report.verdict, report.reason) == (verdict, reason)


def test_without_a_list_of_withdrawals_nothing_is_concluded(signed, trust):
    report = verify_xml(signed, trust=trust, revocation=Revocation(), at=AT)
    assert (report.verdict, report.reason) == (Verdict.UNDETERMINED, Reason.REVOCATION_UNKNOWN)


def test_the_signed_certificate_of_xades_is_the_one_that_signs(advanced, keystore, check):
    def forget(root):
        digest = next(root.iter(f"{{{XADES}}}CertDigest")).find(ds("DigestValue"))
        digest.text = base64.b64encode(b"0" * 32).decode()

    assert check(changed(advanced, forget)).verdict is Verdict.INVALID


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no xml",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x"><a/>',
        '<?xml version="1.0" encoding="utf-16"?><a/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="iso-8859-1"?><a/>',
        b"<a>" * 10,
    ],
)
def test_dangerous_documents_are_not_read(data, check, keystore):
    assert check(data).verdict is Verdict.INVALID
    with pytest.raises(XmlRefused):
        sign_xml(data, keystore("ubnd"))


def test_a_signed_message_is_not_signed_again(signed, keystore):
    with pytest.raises(XmlRefused, match="chữ ký"):
        sign_xml(signed, keystore("ubnd"), parent="edXMLHeader")


def test_a_signature_in_the_namespace_of_the_envelope_is_said_to_be_unsupported(signed, check):
    """Others write it so; no verifier finds it there, and it is no reason to refuse a message."""
    data = signed.replace(DS.encode(), b"http://www.mic.gov.vn/TBT/QCVN_102_2016", 1)
    assert check(data).reason is Reason.UNSUPPORTED
