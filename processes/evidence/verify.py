"""Kiểm tra gói chứng cứ của Congvan, không cần hệ thống nào (verify an evidence bundle, offline).

    python3 -I verify.py [GÓI.zip | THƯ_MỤC] [--manifest SHA256] [--key SHA256]

Only Python's standard library (3.8 or newer), no network, nothing written. The first SHA256 is that
of MANIFEST.json as told when the bundle was made, the other the fingerprint of the installation's
public key; without it the key in the bundle counts, and its fingerprint is told to be compared.
Status: 0 it holds, 1 it was changed or is not signed, 2 no bundle.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

MANIFEST, SEAL = "MANIFEST.json", "MANIFEST.sha256"
BY_DIGEST = ("diagrams/", "programs/", "forms/")
#: the signature on MANIFEST.json, PKCS #1 v1.5 with SHA-256, and the RSA key (DER) that made it
SIGNATURE, PUBLIC = "MANIFEST.sig", "MANIFEST.key"
MIMETYPE, LISTING, SIGNATURES = "mimetype", "META-INF/manifest.xml", "META-INF/signatures.xml"
UNLISTED = {MANIFEST, SEAL, SIGNATURE, PUBLIC}
ASIC, DS, XADES = (
    f' xmlns:{prefix}="{uri}"'
    for prefix, uri in (
        ("asic", "http://uri.etsi.org/02918/v1.2.1#"),
        ("ds", "http://www.w3.org/2000/09/xmldsig#"),
        ("xades", "http://uri.etsi.org/01903/v1.3.2#"),
    )
)
#: signatures.xml as Congvan writes it, whole: what this does not spell out, a digest covers
WRITTEN = re.compile(
    r"<\?xml version='1\.0' encoding='UTF-8'\?>\n"
    rf'<asic:XAdESSignatures{re.escape(ASIC)}><ds:Signature{re.escape(DS)} Id="congvan-ky-so">'
    rf"<ds:SignedInfo{re.escape(XADES)}>(?P<info>.*)</ds:SignedInfo>"
    r"<ds:SignatureValue>(?P<value>[^<]+)</ds:SignatureValue>"
    r'<ds:KeyInfo Id="(?P<key_id>\w+)">(?P<key>.*)</ds:KeyInfo>'
    rf'<ds:Object{re.escape(XADES)}><xades:QualifyingProperties Target="#congvan-ky-so">'
    r'<xades:SignedProperties Id="(?P<facts_id>[\w-]+)">(?P<facts>.*)</xades:SignedProperties>'
    r"</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>",
    re.DOTALL,
)
REFERENCE = re.compile(r'URI="([^"]*)"[^>]*>(?:<ds:DigestMethod [^>]*/>)<ds:DigestValue>([^<]*)<')
#: RFC 3279, 8017: how an RSA key of 2048 bits begins, and what it signs in front of SHA-256
KEY = "30820122300d06092a864886f70d01010105000382010f003082010a0282010100"
PADDED = "0001" + "ff" * 202 + "003031300d060960864801650304020105000420"
MALFORMED = (ValueError, KeyError, TypeError, AttributeError)
NOT_SIGNED = "chữ ký đầu chuỗi không đúng (the head's signature is wrong)"
NOT_ITS_HASH = "nội dung không khớp mã băm (its body does not give its hash)"


class Bundle:
    """The members of a bundle: a zip, or the folder it was unpacked to."""

    def __init__(self, path: Path) -> None:
        self.path, self.zip = path, None if path.is_dir() else zipfile.ZipFile(path)
        files = (p for p in path.rglob("*") if p.is_file())
        names = self.zip.namelist() if self.zip else [p.relative_to(path).as_posix() for p in files]
        self.names = set(names)
        self.twice = sorted({n for n in names if names.count(n) > 1})

    def read(self, name: str) -> bytes | None:
        """Return the bytes of a member, None where they cannot be read."""
        try:
            return self.zip.read(name) if self.zip else (self.path / name).read_bytes()
        except (OSError, KeyError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
            return None

    def json(self, name: str) -> Any:
        """Return what a member says; raises ValueError."""
        return json.loads(self.read(name) or b"")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def check_members(bundle: Bundle, manifest: Any, expected: str) -> Iterator[str]:
    """Yield members that are missing, too many, or not as they were, with the bytes that differ."""
    members, digest = manifest["members"], sha256(bundle.read(MANIFEST) or b"")
    around = {MIMETYPE, LISTING, SIGNATURES} if manifest["container"] else set()
    if (bundle.read(SEAL) or b"") != f"{digest}\n".encode():
        yield f"{MANIFEST} không khớp {SEAL} (the manifest was changed, or its digest)"
    if expected and expected.strip().lower() != digest:
        yield f"{MANIFEST} không phải bản đã báo khi lập gói (not the manifest that was anchored)"
    for name in bundle.twice:
        yield f"{name}: có hai lần trong gói (stands twice)"
    for name in sorted(bundle.names - set(members) - UNLISTED - around):
        yield f"{name}: thừa trong gói (was added)"
    for name, told in sorted(members.items()):
        data = bundle.read(name)
        if data is None:
            word = "không đọc được (unreadable)" if name in bundle.names else "thiếu (missing)"
            yield f"{name}: {word}"
        elif sha256(data) != told["sha256"]:
            n, blocks = manifest["block"], enumerate(told["blocks"])
            wrong = [i * n for i, was in blocks if sha256(data[i * n : i * n + n]) != was]
            where = "byte " + ", ".join(f"{i}-{min(i + n, len(data)) - 1}" for i in wrong)
            if len(data) != told["size"]:
                where = f"dài {len(data)} byte thay vì {told['size']} (another length)"
            yield f"{name}: bị thay đổi, {where}"
        elif name.startswith(BY_DIGEST) and sha256(data) not in name:
            yield f"{name}: nội dung không khớp tên (its content does not give its name)"


def check_signature(bundle: Bundle, container: bool, key: str) -> Iterator[str]:
    """Yield where the bundle is not signed as a whole by the key in it, or that is another's."""
    public, value = bundle.read(PUBLIC), bundle.read(SIGNATURE)
    for name, data in ((PUBLIC, public), (SIGNATURE, value)):
        if data is None:
            yield f"{name}: thiếu (missing), gói chưa được ký (the bundle is not signed)"
    public, value = public or b"", value or b""
    if key and key.strip().lower() != sha256(public):
        yield f"{PUBLIC}: khóa khác khóa đã công bố (not the key that was published)"
    if public and value and not is_signed(bundle.read(MANIFEST) or b"", public.hex(), value.hex()):
        yield f"{SIGNATURE}: chữ ký trên {MANIFEST} không đúng với {PUBLIC} (wrong)"
    if container and bundle.read(MIMETYPE) != b"application/vnd.etsi.asic-e+zip":
        yield f"{MIMETYPE}: thiếu hoặc bị thay đổi (missing or changed)"
    if container and bundle.read(LISTING) is None:
        yield f"{LISTING}: thiếu (missing)"
    if container:
        yield from check_container(bundle, public.hex())


def check_container(bundle: Bundle, key: str) -> Iterator[str]:
    """Yield where the signature of the container (XAdES) does not cover all that is in it."""
    data = bundle.read(SIGNATURES)
    told = WRITTEN.fullmatch((data or b"").decode("utf-8", "replace"))
    if told is None:
        word = "thiếu (missing)" if data is None else "bị thay đổi (not as Congvan writes it)"
        yield f"{SIGNATURES}: {word}"
        return
    info = canonical("ds:SignedInfo", ASIC + DS + XADES, told["info"])
    value = base64.b64decode(told["value"])
    # of the last sign some bits tell nothing
    same = base64.b64encode(value).decode() == told["value"]
    if not same or not is_signed(info, key, value.hex()):
        yield f"{SIGNATURES}: chữ ký của gói không đúng (the container's signature is wrong)"
    names = bundle.names - {MIMETYPE, SIGNATURES}
    covered = {quote(name): (name, bundle.read(name) or b"") for name in names}
    facts = canonical(
        "xades:SignedProperties", f'{ASIC}{DS}{XADES} Id="{told["facts_id"]}"', told["facts"]
    )
    holder = canonical("ds:KeyInfo", f'{ASIC}{DS} Id="{told["key_id"]}"', told["key"])
    covered["#" + told["facts_id"]] = (f"{SIGNATURES}, SignedProperties", facts)
    covered["#" + told["key_id"]] = (f"{SIGNATURES}, KeyInfo", holder)
    signed = dict(REFERENCE.findall(told["info"]))
    for uri in sorted(set(covered) | set(signed)):
        name, octets = covered.get(uri, (uri, b""))
        digest = base64.b64encode(hashlib.sha256(octets).digest()).decode()
        if uri not in covered or signed.get(uri) != digest:
            yield f"{name}: khác bản mà chữ ký của gói bao phủ (not what was signed)"


def canonical(name: str, head: str, inner: str) -> bytes:
    """Return an element of ours as Canonical XML: outer names, attributes sorted, tags in pairs."""

    def tag(found: re.Match[str]) -> str:
        attributes = "".join(sorted(re.findall(r' [\w:]+="[^"]*"', found[2])))
        return f"<{found[1]}{attributes}>" + (f"</{found[1]}>" if found[3] else "")

    full = re.sub(r'<([\w:]+)((?: [\w:]+="[^"]*")*)(/?)>', tag, inner)
    return f"<{name}{head}>{full}</{name}>".encode()


def check_events(bundle: Bundle, manifest: Any, events: Any) -> Iterator[str]:
    """Yield where the chain of events, or a state that belongs to one, does not hold."""
    head = ""
    for place, event in enumerate(events, 1):
        name = f"events.json, sự kiện {place} (event {place})"
        body, said = event["body"].encode(), json.loads(event["body"])
        if event["seq"] != place or said["seq"] != place:
            yield f"{name}: thiếu, thừa hoặc đổi chỗ, thấy số {event['seq']} (another stands here)"
        if said["instance"] != manifest["instance"]:
            yield f"{name}: của lần chạy khác (of another run)"
        if event["previous"] != head:
            yield f"{name}: không nối với sự kiện trước (does not follow)"
        if event["hash"] != sha256(bytes.fromhex(event["previous"]) + b"\x00" + body):
            yield f"{name}: {NOT_ITS_HASH}"
        head = event["hash"]
        state = bundle.read(f"states/{event['seq']}.json")
        if state is None or sha256(state) != said["state"]:
            yield f"states/{event['seq']}.json: không phải trạng thái của {name} (another state)"
        diagram = said.get("program", {}).get("diagram")
        if diagram and f"diagrams/{diagram}.bpmn" not in bundle.names:
            yield f"{name}: thiếu sơ đồ {diagram} (its diagram is missing)"
    if len(events) != manifest["events"] or head != manifest["head"]:
        yield "events.json: mất hoặc thêm sự kiện ở cuối (the end is not that of the manifest)"


def check_journal(manifest: Any, journal: Any, events: Any, key: bytes) -> Iterator[str]:
    """Yield where a leaf does not lead to the head of the journal, or tells of another event."""
    seals: dict[Any, Any] = {}
    last: Any = None
    for seal in journal["seals"]:
        said = json.loads(seal["body"])
        name = f"journal.json, niêm phong {said['no']} (seal {said['no']})"
        if seal["hash"] != sha256(b"\x00" + seal["body"].encode()):
            yield f"{name}: {NOT_ITS_HASH}"
        if last and said["no"] == last["no"] + 1 and said["previous"] != last["hash"]:
            yield f"{name}: chuỗi niêm phong bị đứt (the chain is broken)"
        if last and said["no"] != last["no"] + 1 and journal["linked"]:
            yield f"{name}: thiếu niêm phong trước đó (a seal before it is missing)"
        last = {"no": said["no"], "hash": seal["hash"]}
        seals[said["no"]] = said
    if last != (journal["head"] and {k: journal["head"][k] for k in ("no", "hash")}):
        yield "journal.json: đầu chuỗi không khớp niêm phong cuối (the head is another)"
    hashes = {event["hash"] for event in events}
    for place, leaf in enumerate(journal["leaves"], 1):
        name = f"journal.json, dòng {place} (leaf {place})"
        digest = hashlib.sha256(b"\x00" + leaf["body"].encode()).digest()
        if digest.hex() != leaf["leaf"]:
            yield f"{name}: {NOT_ITS_HASH}"
        for side, told in leaf["path"]:
            other = bytes.fromhex(told)
            pair = other + digest if side == "left" else digest + other
            digest = hashlib.sha256(b"\x01" + pair).digest()
        if leaf["seal"] is not None and seals.get(leaf["seal"], {}).get("root") != digest.hex():
            yield f"{name}: không dẫn tới gốc niêm phong (does not lead to the root of its seal)"
        facts = json.loads(leaf["body"])["facts"]
        ours = facts.get("instance") == manifest["instance"] and "event" in facts
        if ours and facts["event"] not in hashes:
            yield f"{name}: chứng nhận một sự kiện không có trong gói (tells of another event)"
    signed = journal["signature"] or {}
    if journal["head"] and signed.get("key") != key.hex():
        yield "journal.json: đầu chuỗi chưa ký, hoặc bằng khóa khác (unsigned, or by another key)"
    if signed and (not is_signed_head(signed) or json.loads(signed["head"]) != journal["head"]):
        yield f"journal.json: {NOT_SIGNED}"


def is_signed(data: bytes, key: str, value: str) -> bool:
    """Return whether `value` is the signature of the RSA key `key` on the data, both as hex."""
    modulus, wanted = key[66:578], PADDED + sha256(data)
    if key != KEY + modulus + "0203010001" or len(modulus) != 512 or len(value) != 512:
        return False
    number, n = int(value, 16), int(modulus, 16)
    return number < n and pow(number, 65537, n) == int(wanted, 16)


def is_signed_head(told: Any) -> bool:
    """Return whether the text of a head is signed by the RSA key that stands beside it."""
    return is_signed(told["head"].encode(), told["key"], told["value"])


def check_axis(log: Any, message: str) -> Iterator[str]:
    """Yield where entries of the axis lead to no signed head, or are not of `message`."""
    for place, part in enumerate(log["parts"], 1):
        name = f"axis-log.json, đoạn {place} (part {place})"
        bodies = {entry["no"]: entry["body"] for entry in part["entries"]}
        digest, last = bytes.fromhex(part["previous"]), part["from"] + len(part["links"]) - 1
        for no, link in enumerate(part["links"], part["from"]):
            said = {} if no in bodies else {"digest": message}
            if no in bodies and sha256(bodies[no].encode()) != link:
                yield f"{name}, mục {no} (entry {no}): {NOT_ITS_HASH}"
            elif no in bodies:
                said = json.loads(bodies[no])
            if said and said["digest"] != message and said["kind"] != "forwarded":
                yield f"{name}, mục {no} (entry {no}): của gói tin khác (of another message)"
            digest = hashlib.sha256(digest + b"%d\0" % no + bytes.fromhex(link)).digest()
        head = json.loads(part["head"])
        if (head["log"], head["no"], head["hash"]) != ("axis", last, digest.hex()):
            yield f"{name}: không dẫn tới đầu chuỗi đã ký (does not lead to the signed head)"
        if set(bodies) - set(range(part["from"], last + 1)):
            yield f"{name}: có mục ngoài đoạn (an entry from elsewhere)"
        if not is_signed_head(part) or part["key"] not in part["certificate"]:
            yield f"{name}: {NOT_SIGNED}"
        if part["timestamp"] and sha256(bytes.fromhex(part["value"])) not in part["timestamp"]:
            yield f"{name}: dấu thời gian của chữ ký khác (the timestamp is of another signature)"


def faults_of(bundle: Bundle, expected: str, key: str = "") -> Iterator[str]:
    """Yield everything that is wrong with a bundle."""
    part = MANIFEST
    try:
        manifest = bundle.json(part)
        yield from check_members(bundle, manifest, expected)
        part = SIGNATURES
        yield from check_signature(bundle, manifest["container"], key)
        part = "events.json"
        events = bundle.json(part)
        yield from check_events(bundle, manifest, events)
        part = "journal.json"
        yield from check_journal(manifest, bundle.json(part), events, bundle.read(PUBLIC) or b"")
        part = "axis-log.json"
        if part in bundle.names:
            yield from check_axis(bundle.json(part), sha256(bundle.read("message.edxml") or b""))
    except MALFORMED as error:
        yield f"{part}: không đọc được (unreadable: {error!r})"


def told_of_axis(log: Any) -> Iterator[str]:
    """Yield what the axis's log proves, or why there is none."""
    yield f"Nhật ký trục (the axis's log): {log['why'] or 'có (here)'}; chưa ký: {log['waiting']}"
    for part in log["parts"]:
        signer, kinds = sha256(bytes.fromhex(part["key"])), []
        for entry in part["entries"]:
            said = json.loads(entry["body"])
            kinds.append(f"{said['kind']} {said['at']}")
        stamp = "có (yes)" if part["timestamp"] else "chưa đóng dấu thời gian (none)"
        yield f"  {', '.join(kinds)}; khóa (key): {signer}; dấu thời gian (timestamp): {stamp}"


def told_of_key(fingerprint: str, manifest: str, key: str) -> str:
    """Return by what the bundle holds: without a word from outside only by the key within."""
    if key:
        return f"Gói chứng cứ nguyên vẹn, ký bằng khóa đã cho (it holds, by the key given): {key}"
    told = "" if not manifest else "Gói chứng cứ nguyên vẹn theo mã băm đã cho (as anchored). "
    return (
        f"{told}Khớp với khóa có dấu vân tay {fingerprint}: hãy đối chiếu với dấu vân tay cơ quan "
        "lập gói đã công bố, hoặc chạy lại với --key (it agrees with the key of this fingerprint: "
        "compare it with the one the agency publishes, or run again with --key)."
    )


def told_of_receipt(name: str, receipt: bytes, message: bytes) -> str:
    """Return whether a receipt names the bytes of the message, and what is not checked here."""
    same = f">{sha256(message)}<".encode() in receipt
    word = "đúng mã băm của message.edxml (names the message)" if same else (
        "KHÔNG nêu mã băm của message.edxml (does not name these bytes of the message)"
    )  # fmt: skip
    return f"{name}: {word}; chữ ký XML của bên nhận không kiểm tra ở đây (not checked here)"


def main() -> int:
    parser = argparse.ArgumentParser(description="Kiểm tra gói chứng cứ (verify a bundle).")
    parser.add_argument("bundle", nargs="?", default=Path(__file__).parent, type=Path)
    parser.add_argument("--manifest", default="", help="SHA-256 của MANIFEST.json đã được báo")
    parser.add_argument("--key", default="", help="dấu vân tay (SHA-256) của khóa đã công bố")
    given = parser.parse_args()
    try:
        bundle = Bundle(given.bundle)
    except (OSError, zipfile.BadZipFile) as error:
        print(f"Không mở được gói (cannot be opened): {error}")
        return 2
    faults = list(faults_of(bundle, given.manifest, given.key))
    if faults:
        print("\n".join(f"SAI (wrong): {fault}" for fault in faults))
        return 1
    manifest, journal = bundle.json(MANIFEST), bundle.json("journal.json")
    leaves, head, signed = journal["leaves"], journal["head"] or {}, journal["signature"]
    print(told_of_key(sha256(bundle.read(PUBLIC) or b""), given.manifest, given.key))
    print(f"Tệp (files): {len(manifest['members'])}; sự kiện (events): {manifest['events']}")
    sealed, linked = sum(x["seal"] is not None for x in leaves), journal["linked"]
    print(f"Dòng nhật ký (leaves): {len(leaves)}, đã niêm phong (sealed): {sealed}")
    print(
        f"Đầu chuỗi (head): {head.get('no', 0)}, nối liền (linked): {'có' if linked else 'không'}"
    )
    signer = "cùng khóa (the same key)" if signed else "chưa có đầu chuỗi (no head yet)"
    print(f"Chữ ký đầu chuỗi (signature on the head): {signer}")
    for name in sorted(n for n in bundle.names if re.fullmatch(r"receipt-\d+\.xml", n)):
        print(told_of_receipt(name, bundle.read(name) or b"", bundle.read("message.edxml") or b""))
    if "axis-log.json" in bundle.names:
        print("\n".join(told_of_axis(bundle.json("axis-log.json"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
