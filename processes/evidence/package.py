"""The package of a bundle (đóng gói chứng cứ): members, their manifest, and who signs it.

Whoever changes a member can write a new manifest, but he cannot sign it.
"""

import hashlib
import io
import mimetypes
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.database import Transaction
from processes.means import Means
from records.journal_signature import DIGEST, public_key
from signing.asice import MEDIA_TYPE, Content, build_container

#: bytes under one digest of the manifest: what was changed is named that closely
BLOCK = 4_096
#: 2: MANIFEST.json is signed, and tells whether a container is around it
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle: its file name, its bytes, and the digest of its manifest, to be kept elsewhere."""

    name: str
    content: bytes
    manifest: str

    @property
    def media_type(self) -> str:
        """What it is: a container ASiC-E, or a zip where no key signs it."""
        return MEDIA_TYPE.decode() if self.name.endswith(".asice") else "application/zip"


def facts_of(tx: Transaction, members: Mapping[str, bytes]) -> dict[str, Any]:
    """Return what the manifest of every bundle says: when and by whom it was made, of what."""
    return {
        "made_at": tx.now,
        "made_by": ", ".join(part for part in (tx.acting.name, tx.acting.title) if part),
        "block": BLOCK,
        "members": {name: member(data) for name, data in members.items()},
    }


def packed(
    tx: Transaction,
    means: Means,
    name: str,
    members: Mapping[str, bytes],
    manifest: bytes,
    *,
    as_container: bool,
) -> Bundle:
    """Return the members with their manifest, signed by the installation's key where it has one."""
    digest = hashlib.sha256(manifest).hexdigest()
    whole = {**members, "MANIFEST.json": manifest, "MANIFEST.sha256": f"{digest}\n".encode()}
    name = f"{name}-{digest[:16]}"
    if means.journal_key is None:
        return Bundle(f"{name}.zip", zipped(whole), digest)
    keystore = means.journal_key().keystore
    whole["MANIFEST.sig"] = keystore.sign(manifest, DIGEST)
    whole["MANIFEST.key"] = public_key(keystore.certificate())
    if not as_container:
        return Bundle(f"{name}.zip", zipped(whole), digest)
    files = {n: Content(data, media_type(n)) for n, data in sorted(whole.items())}
    return Bundle(f"{name}.asice", build_container(files, keystore, claimed_at=tx.now), digest)


def media_type(name: str) -> str:
    """Return the media type a member's name tells."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def member(data: bytes) -> dict[str, Any]:
    """Return what a manifest says of a member."""
    blocks = [data[i : i + BLOCK] for i in range(0, len(data), BLOCK)]
    return {
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "blocks": [hashlib.sha256(block).hexdigest() for block in blocks],
    }


def zipped(members: dict[str, bytes]) -> bytes:
    """Return the members as a zip."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in sorted(members.items()):
            bundle.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return target.getvalue()
