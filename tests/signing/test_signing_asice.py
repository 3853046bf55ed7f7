"""Containers of signed files: built here and read by another library, and what is refused."""

import io
import stat
import tracemalloc
import zipfile
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
import xmlsec
from lxml import etree
from signxml.xades import XAdESVerifier

from signing.asice import (
    LISTING,
    MANIFEST,
    MEDIA_TYPE,
    MIMETYPE,
    SIGNATURES,
    ContainerReport,
    Content,
    build_container,
    verify_container,
)
from signing.verdict import Reason, Verdict
from signing.xml_errors import ContainerRefused
from signing.xml_signature import ds, xades

AT = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
FILES = {
    "verify.py": Content(b"print('ok')\n", "text/x-python"),
    "tài liệu/công văn số 1.pdf": Content(b"%PDF-1.7 ...", "application/pdf"),
    "events.json": Content(b"[]", "application/json"),
}


@pytest.fixture(scope="module")
def container(keystore) -> bytes:
    return build_container(FILES, keystore("ubnd"), claimed_at=AT)


@pytest.fixture(scope="module")
def check(trust, revocation):
    def verify(data: bytes) -> ContainerReport:
        return verify_container(data, trust=trust, revocation=revocation, at=AT)

    return verify


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts, compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in parts:
            archive.writestr(name, data)
    return out.getvalue()


# -- built and read --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["ubnd", "chutich"])
def test_what_is_put_in_is_read_as_signed(keystore, check, key):
    report = check(build_container(FILES, keystore(key), claimed_at=AT))
    assert (report.verdict, report.reason) == (Verdict.VALID, Reason.NONE)
    assert report.files == {name: one.data for name, one in FILES.items()}
    assert report.claimed_at == AT
    assert report.subject


def test_the_type_stands_in_the_first_bytes_and_nothing_is_packed(container):
    """EN 319 162-1, A.1: a program tells the type without unpacking."""
    assert container[30 : 30 + len(MIMETYPE)] == MIMETYPE.encode()
    assert container[38 : 38 + len(MEDIA_TYPE)] == MEDIA_TYPE
    with zipfile.ZipFile(io.BytesIO(container)) as archive:
        assert archive.testzip() is None
        assert {one.compress_type for one in archive.infolist()} == {zipfile.ZIP_STORED}
        assert [one.extra for one in archive.infolist()] == [b""] * 6
        listed = etree.fromstring(archive.read(MANIFEST))
    names = [one.get(f"{{{LISTING}}}full-path") for one in listed]
    assert names == ["/", *FILES]


def test_the_same_files_give_the_same_container(keystore):
    one, other = (build_container(FILES, keystore("ubnd"), claimed_at=AT) for _ in range(2))
    assert one == other


def anchored(pki):
    manager = xmlsec.KeysManager()
    manager.load_cert(
        str(pki.trust_folder / "anchors" / "root.pem"),
        xmlsec.KeyFormat.PEM,
        xmlsec.constants.KeyDataTypeTrusted,
    )
    return manager


def verified_elsewhere(data: bytes):
    parts = members(data)
    signature = etree.fromstring(parts[SIGNATURES])[0]
    certificate = signature.findtext(f".//{ds('X509Certificate')}")
    pem = f"-----BEGIN CERTIFICATE-----\n{certificate.strip()}\n-----END CERTIFICATE-----\n"
    return XAdESVerifier().verify(
        parts[SIGNATURES],
        x509_cert=pem,
        expect_references=len(FILES) + 3,
        uri_resolver=lambda uri: parts[unquote(uri)],
    )


def test_signxml_agrees(container):
    found = verified_elsewhere(container)
    assert len(found) == len(FILES) + 3
    assert any(one.signed_data == b"[]" for one in found)


def test_signxml_agrees_that_a_changed_file_is_not_signed(container):
    parts = members(container) | {"events.json": b"[1]"}
    with pytest.raises(Exception, match="Digest"):
        verified_elsewhere(packed(parts.items()))


def test_xmlsec_agrees(container, pki, tmp_path, monkeypatch):
    """Written with signxml, so a library of other makers reads it, with the files unpacked."""
    with zipfile.ZipFile(io.BytesIO(container)) as archive:
        archive.extractall(tmp_path)
    # xmlsec opens the address of a reference as a file
    monkeypatch.chdir(tmp_path)
    signature = etree.fromstring(members(container)[SIGNATURES])[0]
    xmlsec.tree.add_ids(signature, ["Id"])
    xmlsec.SignatureContext(anchored(pki)).verify(signature)
    (tmp_path / "events.json").write_bytes(b"[1]")
    with pytest.raises(xmlsec.Error):
        xmlsec.SignatureContext(anchored(pki)).verify(signature)


def test_the_signers_certificate_is_among_what_is_signed(container):
    root = etree.fromstring(members(container)[SIGNATURES])
    [listed] = root.iter(xades("SigningCertificateV2"))
    assert listed.find(f".//{ds('DigestValue')}").text


# -- refused ---------------------------------------------------------------------------------------


def changed(container: bytes, **parts: bytes) -> bytes:
    return packed((members(container) | parts).items())


def test_a_changed_payload_is_not_valid(container, check):
    report = check(changed(container, **{"events.json": b"[2]"}))
    assert (report.verdict, report.reason) == (Verdict.INVALID, Reason.HASH_FAILURE)
    assert report.files == {}


def test_a_changed_manifest_is_not_valid(container, check):
    parts = members(container)
    other = parts[MANIFEST].replace(b"application/pdf", b"application/xml")
    assert other != parts[MANIFEST]
    report = check(changed(container, **{MANIFEST: other}))
    assert (report.verdict, report.reason) == (Verdict.INVALID, Reason.HASH_FAILURE)


def test_a_file_that_is_not_signed_is_not_let_in(container, check):
    """In the list or not: an extra file makes the container what its signer did not sign."""
    plain = check(changed(container, **{"them.txt": b"x"}))
    assert (plain.verdict, plain.detail) == (Verdict.INVALID, "danh mục tệp không khớp")
    beside = check(changed(container, **{"META-INF/them.xml": b"<a/>"}))
    assert beside.verdict is Verdict.INVALID
    parts = members(container)
    entry = '<manifest:file-entry manifest:full-path="them.txt" manifest:media-type="a/b"/>'
    listed = parts[MANIFEST].replace(
        b"</manifest:manifest>", entry.encode() + b"</manifest:manifest>"
    )
    both = check(changed(container, **{"them.txt": b"x", MANIFEST: listed}))
    assert both.verdict is Verdict.INVALID


def test_a_missing_file_is_missed(container, check):
    parts = members(container)
    del parts["events.json"]
    assert check(packed(parts.items())).verdict is Verdict.INVALID


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused(container, check):
    report = check(packed([*members(container).items(), ("events.json", b"[3]")]))
    assert report.verdict is Verdict.INVALID
    assert "trùng tên" in report.detail


@pytest.mark.parametrize(
    "name",
    ["../x", "/etc/passwd", "a/../../x", "a\\b", "C:x", "a//b", "./a", "META-INF/x", "", "a\nb",
     MIMETYPE],
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name, keystore, container, check):
    with pytest.raises(ContainerRefused):
        build_container({name: Content(b"x")}, keystore("ubnd"), claimed_at=AT)
    if name and name != MIMETYPE and "\n" not in name:
        report = check(packed([*members(container).items(), (name, b"x")]))
        assert report.verdict is Verdict.INVALID


def test_a_link_is_refused(container, check):
    link = zipfile.ZipInfo("lien-ket")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    report = check(packed([*members(container).items(), (link, b"/etc/passwd")]))
    assert report.verdict is Verdict.INVALID
    assert "liên kết" in report.detail


def saying(container: bytes, size: int) -> bytes:
    """Return the container with one more member, whose size the directory tells as `size`."""
    data = bytearray(
        packed([*members(container).items(), ("lon", bytes(2**24))], zipfile.ZIP_DEFLATED)
    )
    # the name follows 46 bytes of the entry; the size stands 24 bytes in
    at = data.rfind(b"lon") - 46 + 24
    data[at : at + 4] = size.to_bytes(4, "little")
    return bytes(data)


def test_a_bomb_is_not_unpacked(container, check):
    report = check(saying(container, 600 * 2**20))
    assert (report.verdict, report.detail) == (Verdict.INVALID, "quá nhiều tệp hoặc quá lớn")


def test_a_bomb_that_tells_a_small_size_gives_no_more_than_that(container, check):
    bomb = saying(container, 10)
    tracemalloc.start()
    report = check(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert report.verdict is Verdict.INVALID
    assert peak < 2**22


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\3\4",
        packed([(MIMETYPE, b"application/zip")]),
        packed([("a", b"x"), (MIMETYPE, MEDIA_TYPE)]),
        packed([(MIMETYPE, MEDIA_TYPE), (MANIFEST, b"<a/>")]),
        packed([(MIMETYPE, MEDIA_TYPE), (MANIFEST, b"<a/>"), (SIGNATURES, b"<!DOCTYPE a><a/>")]),
    ],
)
def test_what_is_no_container_is_told(data, check):
    report = check(data)
    assert report.verdict is Verdict.INVALID
    assert report.reason is Reason.FORMAT_FAILURE


def test_a_plain_signature_or_two_are_not_of_the_profile(container, check):
    parts = members(container)
    root = etree.fromstring(parts[SIGNATURES])
    root.append(etree.fromstring(etree.tostring(root[0])))
    assert (
        check(changed(container, **{SIGNATURES: etree.tostring(root)})).verdict is not Verdict.VALID
    )
    root = etree.fromstring(parts[SIGNATURES])
    root[0].remove(root[0].find(ds("Object")))
    assert (
        check(changed(container, **{SIGNATURES: etree.tostring(root)})).verdict is not Verdict.VALID
    )


def test_the_certificate_counts(keystore, check):
    for who, verdict in (("stranger", Verdict.UNDETERMINED), ("revoked", Verdict.INVALID)):
        assert check(build_container(FILES, keystore(who), claimed_at=AT)).verdict is verdict
