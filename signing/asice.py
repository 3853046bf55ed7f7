"""Containers of signed files (gói ASiC-E): a zip, its list of files, and one XAdES-B over all.

ETSI EN 319 162-1. Whatever is in a container is signed, or the container is refused: no file beside
the signature, none twice, no name that leads elsewhere.
"""

import io
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, unquote

from lxml import etree

from signing.keystores.base import KeyStore
from signing.policy import ValidationPolicy
from signing.revocation import Revocation
from signing.signer_path import judge_signer
from signing.trust import Trust
from signing.verdict import Reason, Verdict
from signing.xades import sign_advanced
from signing.xml import IDENTITY, described, read_xml
from signing.xml_errors import ContainerRefused, XmlRefused, XmlSignatureRefused
from signing.xml_signature import Reference, check_signature, ds

MIMETYPE = "mimetype"
MEDIA_TYPE = b"application/vnd.etsi.asic-e+zip"
MANIFEST = "META-INF/manifest.xml"
SIGNATURES = "META-INF/signatures.xml"
ASIC = "http://uri.etsi.org/02918/v1.2.1#"
LISTING = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
#: what a container may unpack to, and of how many files
LARGEST = 512 * 2**20
MOST_FILES = 2_000
#: zip knows no earlier day
EARLIEST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Content:
    """A file of a container: its bytes and media type."""

    data: bytes
    media_type: str = "application/octet-stream"


@dataclass(frozen=True)
class ContainerReport:
    """What can be said of a container (kết quả kiểm tra gói ASiC-E)."""

    verdict: Verdict
    reason: Reason = Reason.NONE
    #: the files as they were signed; empty unless the signature holds
    files: Mapping[str, bytes] = field(default_factory=dict)
    subject: str = ""
    issuer: str = ""
    serial: str = ""
    fingerprint: str = ""
    claimed_at: datetime | None = None
    #: what is wrong, where it is no fault of the signature
    detail: str = ""


def build_container(
    files: Mapping[str, Content], keystore: KeyStore, *, claimed_at: datetime
) -> bytes:
    """Return an ASiC-E container of `files`, signed XAdES-B; nothing in it is packed smaller.

    Raise `ContainerRefused` for a name that does not belong in a container, or what the keystore
    raises.
    """
    for name in files:
        _refuse_name(name)
    if not files or len(files) > MOST_FILES:
        raise ContainerRefused(reason=f"{len(files)} tệp")
    listing = etree.Element(f"{{{LISTING}}}manifest", nsmap={"manifest": LISTING})
    entries = [("/", MEDIA_TYPE.decode()), *((n, one.media_type) for n, one in files.items())]
    for name, media_type in entries:
        told = {f"{{{LISTING}}}full-path": name, f"{{{LISTING}}}media-type": media_type}
        etree.SubElement(listing, f"{{{LISTING}}}file-entry", told)
    manifest = _document(listing)
    references = [
        Reference(quote(name), one.data, (), one.media_type) for name, one in files.items()
    ]
    references.append(Reference(MANIFEST, manifest, (), "text/xml"))
    holder = etree.Element(f"{{{ASIC}}}XAdESSignatures", nsmap={"asic": ASIC})
    holder = sign_advanced(
        holder, holder, tuple(references), keystore, identity=IDENTITY, claimed_at=claimed_at
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        # EN 319 162-1, A.1: first, stored, without extra fields, so that its bytes tell the type
        _put(archive, MIMETYPE, MEDIA_TYPE)
        for name, one in files.items():
            _put(archive, name, one.data)
        _put(archive, MANIFEST, manifest)
        _put(archive, SIGNATURES, _document(holder))
    return out.getvalue()


def verify_container(
    data: bytes,
    *,
    trust: Trust,
    revocation: Revocation,
    policy: ValidationPolicy | None = None,
    at: datetime,
) -> ContainerReport:
    """Return what can be said of a container at the moment `at`; never raise."""
    try:
        members = read_members(data)
        holder = read_xml(members[SIGNATURES])
        signatures = list(holder)
        if holder.tag != f"{{{ASIC}}}XAdESSignatures" or len(signatures) != 1:
            return ContainerReport(Verdict.UNDETERMINED, Reason.UNSUPPORTED)
        if signatures[0].tag != ds("Signature"):
            return ContainerReport(Verdict.UNDETERMINED, Reason.UNSUPPORTED)
        payload = {n: d for n, d in members.items() if n not in {MIMETYPE, SIGNATURES}}
        covering = _Members(payload)
        checked = check_signature(signatures[0], covering.octets)
        if covering.met != set(payload):
            left = ", ".join(sorted(set(payload) - covering.met))
            return ContainerReport(Verdict.INVALID, Reason.NOT_COVERED, detail=left[:200])
        if checked.claimed_at is None:
            return ContainerReport(Verdict.UNDETERMINED, Reason.UNSUPPORTED)
    except XmlSignatureRefused as error:
        reason = error.fields["reason"]
        unknown = reason in {Reason.UNSUPPORTED, Reason.WEAK_ALGORITHM}
        return ContainerReport(Verdict.UNDETERMINED if unknown else Verdict.INVALID, reason)
    except (ContainerRefused, XmlRefused) as error:
        detail = str(error.fields["reason"])
        return ContainerReport(Verdict.INVALID, Reason.FORMAT_FAILURE, detail=detail)
    except Exception as error:  # noqa: BLE001 - hostile containers raise anything: fail closed
        return ContainerReport(Verdict.INVALID, Reason.FORMAT_FAILURE, detail=type(error).__name__)
    verdict, reason = judge_signer(
        checked.signer, checked.others, trust, revocation, policy or ValidationPolicy(), at
    )
    files = {name: one for name, one in payload.items() if name != MANIFEST}
    return ContainerReport(
        verdict, reason, files, **described(checked.signer), claimed_at=checked.claimed_at
    )


def read_members(data: bytes) -> dict[str, bytes]:
    """Return the members of a container by name; raise `ContainerRefused` for a dangerous one."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _members(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise ContainerRefused(reason=f"không phải tệp zip ({error})"[:200]) from error
    if next(iter(members), "") != MIMETYPE or members[MIMETYPE] != MEDIA_TYPE:
        raise ContainerRefused(reason="không phải gói ASiC-E")
    if not {MANIFEST, SIGNATURES} <= set(members):
        raise ContainerRefused(reason=f"thiếu {MANIFEST} hoặc {SIGNATURES}")
    listed = [one.get(f"{{{LISTING}}}full-path") for one in read_xml(members[MANIFEST])]
    payload = sorted(set(members) - {MIMETYPE, MANIFEST, SIGNATURES})
    if sorted(str(name) for name in listed if name != "/") != payload:
        raise ContainerRefused(reason="danh mục tệp không khớp")
    return members


def _members(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MOST_FILES or sum(one.file_size for one in entries) > LARGEST:
        raise ContainerRefused(reason="quá nhiều tệp hoặc quá lớn")
    members: dict[str, bytes] = {}
    for one in entries:
        if one.filename not in {MIMETYPE, MANIFEST, SIGNATURES}:
            _refuse_name(one.filename)
        if one.filename in members or stat.S_ISLNK(one.external_attr >> 16) or one.flag_bits & 1:
            raise ContainerRefused(reason=f"tệp trùng tên, liên kết hoặc mã hóa: {one.filename}")
        with archive.open(one) as member:
            # what the list says is not what unpacking gives: read no more than was said
            members[one.filename] = member.read(one.file_size + 1)
        if len(members[one.filename]) != one.file_size:
            raise ContainerRefused(reason=f"sai kích thước: {one.filename}")
    return members


def _refuse_name(name: str) -> None:
    path = PurePosixPath(name)
    odd = "\\" in name or name != path.as_posix() or not name.isprintable() or ":" in name
    if odd or path.is_absolute() or ".." in path.parts or path.parts[:1] in {(), ("META-INF",)}:
        raise ContainerRefused(reason=f"tên tệp {name!r}")
    if name == MIMETYPE:
        raise ContainerRefused(reason=f"tên tệp {name!r}")


class _Members:
    """Answers references to members of the container, each once, as they are."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self._members = members
        self.met: set[str] = set()

    def octets(self, uri: str, transforms: tuple[str, ...]) -> bytes:
        name = unquote(uri)
        if transforms or name in self.met or name not in self._members:
            raise XmlSignatureRefused(reason=Reason.UNSUPPORTED)
        self.met.add(name)
        return self._members[name]


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, EARLIEST)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)


def _document(root: Any) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
