"""The agency's signature in the corner of page 1 (chữ ký số cơ quan): annexes, scans, copies."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from engine.database import Transaction
from processes.means import Means
from processes.verify import post_check
from records.content import File, attach_file
from records.document import Document
from records.vocabulary import FileKind
from signing.errors import AlreadySigned
from signing.original import normalise
from signing.placement import Placement
from signing.role import SignRole
from signing.signer import SignRequest
from signing.vacancy import free_field


def ready(pdf: bytes) -> bytes:
    """Return a PDF as it may be signed: rewritten plainly, or untouched where it is signed.

    Raises what `normalise` raises.
    """
    try:
        return normalise(pdf)
    except AlreadySigned:
        return pdf


@dataclass(frozen=True, slots=True)
class Mark:
    """What the agency signs in the corner, and why: its role, its place, the reason given."""

    role: SignRole
    placement: Placement
    organ_name: str
    reason: str

    def request(self, pdf: bytes, at: datetime) -> SignRequest:
        """Return the request to sign `pdf`, which may bear other signatures of this role."""
        return SignRequest(
            role=self.role,
            signed_at=at,
            placement=self.placement,
            name=self.organ_name,
            reason=self.reason,
            field=free_field(pdf, self.role),
        )


def keep_marked(
    tx: Transaction,
    means: Means,
    document: Document,
    pdf: bytes,
    *,
    name: str,
    kind: FileKind,
    version_no: int = 1,
) -> File:
    """Store a signed file beside the one it came from, and have its signatures checked."""
    stored = means.content.put(pdf)
    pages = means.content.count_pages(stored.sha256)
    file = attach_file(
        tx,
        document,
        stored,
        name=f"{PurePath(name).stem}.signed.pdf",
        kind=kind,
        version_no=version_no,
        page_amount=pages,
    )
    post_check(tx, file)
    return file
