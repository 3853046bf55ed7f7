"""What somebody does who changes a bundle: all digests computed anew, signed where he has a key."""

import hashlib
import json
from pathlib import Path

from processes.evidence import package
from records.journal_signature import public_key
from signing.keystores.base import KeyStore

OUTSIDE = {"mimetype", "META-INF/manifest.xml", "META-INF/signatures.xml"}


def computed_anew(folder: Path, key: KeyStore | None = None) -> None:
    """Write the manifest of an unpacked bundle anew, and sign it with `key`."""
    path = folder / "MANIFEST.json"
    manifest = json.loads(path.read_text())
    names = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    manifest["members"] = {
        name: package.member(file.read_bytes())
        for name, file in names.items()
        if not name.startswith("MANIFEST") and name not in OUTSIDE
    }
    path.write_text(json.dumps(manifest))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "MANIFEST.sha256").write_text(f"{digest}\n")
    if key is not None:
        (folder / "MANIFEST.sig").write_bytes(key.sign(path.read_bytes(), "sha256"))
        (folder / "MANIFEST.key").write_bytes(public_key(key.certificate()))
