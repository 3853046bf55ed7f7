"""Kiểm tra gói chứng cứ của Congvan, không cần hệ thống nào (verify an evidence bundle, offline).

    python3 -I verify.py [GÓI.zip | THƯ_MỤC] [--manifest SHA256] [--key SHA256]

Only Python's standard library (3.8 or newer), no network, nothing written. The first SHA256 is that
of MANIFEST.json as told when the bundle was made, the other that of the installation's public key;
without them it is checked against itself. Status: 0 it holds, 1 it was changed, 2 no bundle.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MANIFEST, SEAL = "MANIFEST.json", "MANIFEST.sha256"
BY_DIGEST = ("diagrams/", "programs/", "forms/")
#: what is in no manifest; the last three only in a container ASiC-E
UNLISTED = {MANIFEST, SEAL, "mimetype", "META-INF/manifest.xml", "META-INF/signatures.xml"}
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
    if (bundle.read(SEAL) or b"") != f"{digest}\n".encode():
        yield f"{MANIFEST} không khớp {SEAL} (the manifest was changed, or its digest)"
    if expected and expected.strip().lower() != digest:
        yield f"{MANIFEST} không phải bản đã báo khi lập gói (not the manifest that was anchored)"
    for name in bundle.twice:
        yield f"{name}: có hai lần trong gói (stands twice)"
    for name in sorted(bundle.names - set(members) - UNLISTED):
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


def check_journal(manifest: Any, journal: Any, events: Any, key: str) -> Iterator[str]:
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
    if key and key.strip().lower() != sha256(bytes.fromhex(signed.get("key", ""))):
        yield "journal.json: đầu chuỗi chưa ký, hoặc bằng khóa khác (unsigned, or by another key)"
    if signed and (not is_signed(signed) or json.loads(signed["head"]) != journal["head"]):
        yield f"journal.json: {NOT_SIGNED}"


def is_signed(told: Any) -> bool:
    """Return whether the text of a head is signed by the RSA key that stands beside it."""
    modulus, wanted = told["key"][66:578], PADDED + sha256(told["head"].encode())
    same = pow(int(told["value"], 16), 65537, int(modulus, 16)) == int(wanted, 16)
    return bool(same and told["key"] == KEY + modulus + "0203010001" and len(modulus) == 512)


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
        if not is_signed(part) or part["key"] not in part["certificate"]:
            yield f"{name}: {NOT_SIGNED}"
        if part["timestamp"] and sha256(bytes.fromhex(part["value"])) not in part["timestamp"]:
            yield f"{name}: dấu thời gian của chữ ký khác (the timestamp is of another signature)"


def faults_of(bundle: Bundle, expected: str, key: str = "") -> Iterator[str]:
    """Yield everything that is wrong with a bundle."""
    part = MANIFEST
    try:
        manifest = bundle.json(part)
        yield from check_members(bundle, manifest, expected)
        part = "events.json"
        events = bundle.json(part)
        yield from check_events(bundle, manifest, events)
        part = "journal.json"
        yield from check_journal(manifest, bundle.json(part), events, key)
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


def main() -> int:
    parser = argparse.ArgumentParser(description="Kiểm tra gói chứng cứ (verify a bundle).")
    parser.add_argument("bundle", nargs="?", default=Path(__file__).parent, type=Path)
    parser.add_argument("--manifest", default="", help="SHA-256 của MANIFEST.json đã được báo")
    parser.add_argument("--key", default="", help="SHA-256 của khóa ký đầu chuỗi đã công bố")
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
    print("Gói chứng cứ nguyên vẹn (the bundle holds).")
    print(f"Tệp (files): {len(manifest['members'])}; sự kiện (events): {manifest['events']}")
    sealed, linked = sum(x["seal"] is not None for x in leaves), journal["linked"]
    print(f"Dòng nhật ký (leaves): {len(leaves)}, đã niêm phong (sealed): {sealed}")
    print(
        f"Đầu chuỗi (head): {head.get('no', 0)}, nối liền (linked): {'có' if linked else 'không'}"
    )
    signer = sha256(bytes.fromhex(signed["key"])) if signed else "chưa ký (unsigned)"
    print(f"Chữ ký đầu chuỗi, SHA-256 của khóa (signature, its key): {signer}")
    if "axis-log.json" in bundle.names:
        print("\n".join(told_of_axis(bundle.json("axis-log.json"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
