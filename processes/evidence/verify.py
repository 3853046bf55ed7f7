"""Kiểm tra gói chứng cứ của Congvan, không cần hệ thống nào (verify an evidence bundle, offline).

    python3 -I verify.py [GÓI.zip | THƯ_MỤC] [--manifest SHA256]

Only Python's standard library (3.8 or newer), no network, nothing written. SHA256 is the digest of
MANIFEST.json as it was told when the bundle was made; it also stands in the agency's journal (act
`export_evidence`). Without it the bundle is checked against itself. Exit status: 0 nothing is
wrong, 1 something was changed (each thing named), 2 the bundle cannot be opened.
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
#: folders whose files are named by their own digest
BY_DIGEST = ("diagrams/", "programs/", "forms/")
MALFORMED = (ValueError, KeyError, TypeError, AttributeError)
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


def check_manifest(bundle: Bundle, expected: str) -> Iterator[str]:
    """Yield what is wrong with the list of members itself."""
    digest = sha256(bundle.read(MANIFEST) or b"")
    if (bundle.read(SEAL) or b"") != f"{digest}\n".encode():
        yield f"{MANIFEST} không khớp {SEAL} (the manifest was changed, or its digest)"
    if expected and expected.strip().lower() != digest:
        yield f"{MANIFEST} không phải bản đã báo khi lập gói (not the manifest that was anchored)"


def check_members(bundle: Bundle, manifest: Any) -> Iterator[str]:
    """Yield members that are missing, too many, or not as they were, with the bytes that differ."""
    members = manifest["members"]
    for name in bundle.twice:
        yield f"{name}: có hai lần trong gói (stands twice)"
    for name in sorted(bundle.names - set(members) - {MANIFEST, SEAL}):
        yield f"{name}: thừa trong gói (was added)"
    for name, told in sorted(members.items()):
        data = bundle.read(name)
        if data is None:
            word = "không đọc được (unreadable)" if name in bundle.names else "thiếu (missing)"
            yield f"{name}: {word}"
        elif sha256(data) != told["sha256"]:
            yield f"{name}: bị thay đổi, {region(data, told, manifest['block'])}"
        elif name.startswith(BY_DIGEST) and sha256(data) not in name:
            yield f"{name}: nội dung không khớp tên (its content does not give its name)"


def region(data: bytes, told: Any, size: int) -> str:
    """Say which bytes of a member are not as they were."""
    if len(data) != told["size"]:
        return f"dài {len(data)} byte thay vì {told['size']} (another length)"
    starts = range(0, len(data), size)
    wrong = [i for i, was in zip(starts, told["blocks"]) if sha256(data[i : i + size]) != was]  # noqa: B905 - Python 3.8
    return "byte " + ", ".join(f"{i}-{min(i + size, len(data)) - 1}" for i in wrong)


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


def check_journal(manifest: Any, journal: Any, events: Any) -> Iterator[str]:
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


def faults_of(bundle: Bundle, expected: str) -> Iterator[str]:
    """Yield everything that is wrong with a bundle."""
    yield from check_manifest(bundle, expected)
    part = MANIFEST
    try:
        manifest = bundle.json(part)
        yield from check_members(bundle, manifest)
        part = "events.json"
        events = bundle.json(part)
        yield from check_events(bundle, manifest, events)
        part = "journal.json"
        yield from check_journal(manifest, bundle.json(part), events)
    except MALFORMED as error:
        yield f"{part}: không đọc được (unreadable: {error!r})"


def told_of(bundle: Bundle) -> list[str]:
    """Return what a bundle that holds contains."""
    manifest, journal = bundle.json(MANIFEST), bundle.json("journal.json")
    leaves, head = journal["leaves"], (journal["head"] or {}).get("no", 0)
    sealed = sum(leaf["seal"] is not None for leaf in leaves)
    return [
        "Gói chứng cứ nguyên vẹn (the bundle holds).",
        f"Tệp (files): {len(manifest['members'])}; sự kiện (events): {manifest['events']}",
        f"Dòng nhật ký (leaves): {len(leaves)}, đã niêm phong (sealed): {sealed}",
        f"Đầu chuỗi (head): {head}, nối liền (linked): {'có' if journal['linked'] else 'không'}",
        f"Chữ ký đầu chuỗi (signature): {journal['signature'] or 'chưa ký (unsigned)'}",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Kiểm tra gói chứng cứ (verify a bundle).")
    parser.add_argument("bundle", nargs="?", default=Path(__file__).parent, type=Path)
    parser.add_argument("--manifest", default="", help="SHA-256 của MANIFEST.json đã được báo")
    given = parser.parse_args()
    try:
        bundle = Bundle(given.bundle)
    except (OSError, zipfile.BadZipFile) as error:
        print(f"Không mở được gói (cannot be opened): {error}")
        return 2
    faults = list(faults_of(bundle, given.manifest))
    print("\n".join([f"SAI (wrong): {fault}" for fault in faults] or told_of(bundle)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
