"""The envelope of a document between agencies (gói tin văn bản), as plain frozen values.

Names are ours; the element of QCVN 102:2016/BTTTT each stands for is in its docstring. Absent text
is "" and an absent group is None.
"""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from functools import cached_property
from hashlib import sha256
from typing import Final

from exchange.document_type import DocumentType
from exchange.findings import Finding
from exchange.identity import DocumentId, join_reference

#: attachment ids are made from name and content, so that writing the same document again gives
#: the same bytes
_CONTENT_IDS: Final = uuid.UUID("6f1d3c5e-3f0b-5b0e-9c57-2d6b8e1a4f10")

#: types of the files agencies exchange; the table of the operating system is not asked
_TYPES: Final = {
    ".csv": "text/csv",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rar": "application/vnd.rar",
    ".rtf": "application/rtf",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".txt": "text/plain",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xml": "application/xml",
    ".zip": "application/zip",
}


class Priority(IntEnum):
    """Urgency on the wire (độ khẩn)."""

    NORMAL = 0
    URGENT = 1
    VERY_URGENT = 2
    EXPRESS = 3
    EXPRESS_AT_HOUR = 4

    @property
    def vi(self) -> str:
        """Return the Vietnamese name."""
        return ("Thường", "Khẩn", "Thượng khẩn", "Hỏa tốc", "Hỏa tốc hẹn giờ")[self]

    @property
    def en(self) -> str:
        """Return the English name."""
        return ("normal", "urgent", "very urgent", "express", "express at a set hour")[self]


class BusinessType(IntEnum):
    """What an envelope does (loại nghiệp vụ, `BussinessDocType`)."""

    NEW = 0
    RECALL = 1
    UPDATE = 2
    REPLACE = 3

    @property
    def vi(self) -> str:
        """Return the Vietnamese name."""
        return ("Văn bản mới", "Thu hồi", "Cập nhật", "Thay thế")[self]

    @property
    def en(self) -> str:
        """Return the English name."""
        return ("new", "recall", "update", "replacement")[self]


@dataclass(frozen=True)
class Party:
    """An agency as sender or addressee (cơ quan gửi, nhận: `From`, `To`)."""

    organ_id: str
    name: str = ""
    in_charge: str = ""
    address: str = ""
    email: str = ""
    telephone: str = ""
    fax: str = ""
    website: str = ""


@dataclass(frozen=True)
class Code:
    """Number and notation (số và ký hiệu: `Code`)."""

    number: str
    notation: str

    def __str__(self) -> str:
        return join_reference(self.number, self.notation)


@dataclass(frozen=True)
class Signer:
    """Who signed (người ký: `SignerInfo`): authority such as "KT. CHỦ TỊCH", title, full name."""

    full_name: str
    position: str = ""
    competence: str = ""


@dataclass(frozen=True)
class Staff:
    """The officer to call (cán bộ liên hệ: `StaffInfo`)."""

    name: str = ""
    department: str = ""
    mobile: str = ""
    email: str = ""
    staff_id: str = ""
    department_id: str = ""


@dataclass(frozen=True)
class ResponseFor:
    """A document answered or referred to (văn bản liên quan: `ResponseFor`)."""

    organ_id: str
    code: str
    promulgated_on: date | None = None
    document_id: str = ""


@dataclass(frozen=True)
class ReceiverChange:
    """One addressee added to or taken off an issued document (thay đổi nơi nhận: `Receiver`)."""

    organ_id: str
    added: bool


@dataclass(frozen=True)
class Replacement:
    """One replaced document and for whom (văn bản bị thay thế: `ReplacementInfo`)."""

    document_id: str
    organ_ids: tuple[str, ...]


@dataclass(frozen=True)
class Business:
    """The operation of an envelope (nghiệp vụ: `Bussiness`, double s on the wire).

    `document_id` names the document acted on; `content_changed`, `receivers_changed` and
    `receiver_changes` belong to an update, `replacements` to a replacement.
    """

    type: BusinessType = BusinessType.NEW
    reason: str = ""
    paper: bool = False
    document_id: str = ""
    content_changed: bool = False
    receivers_changed: bool = False
    receiver_changes: tuple[ReceiverChange, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    staff: Staff | None = None


@dataclass(frozen=True)
class TraceHop:
    """One hop of the way (vết truyền: `TraceHeader`); real traffic leaves either part out."""

    organ_id: str
    at: datetime | None


@dataclass(frozen=True)
class Attachment:
    """One attached file (tệp đính kèm), unpacked; `content` is the bytes the sender attached."""

    name: str
    content: bytes = field(repr=False)
    description: str = ""
    content_id: str = ""

    @classmethod
    def of(cls, name: str, content: bytes, description: str = "") -> "Attachment":
        """Attach a file; its id follows from name and content."""
        digest = sha256(content).hexdigest()
        return cls(name, content, description, str(uuid.uuid5(_CONTENT_IDS, f"{digest} {name}")))

    @property
    def content_type(self) -> str:
        """Return the media type by content and name: what the wire claims is unreliable."""
        if self.content.startswith(b"%PDF-"):
            return "application/pdf"
        return _TYPES.get(self.extension, "application/octet-stream")

    @property
    def extension(self) -> str:
        """Return the lower-case extension with its dot, or ""."""
        stem, dot, extension = self.name.rpartition(".")
        return f".{extension.lower()}" if dot and stem else ""

    @cached_property
    def sha256(self) -> str:
        """Return the SHA-256 of the content in hex."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Original:
    """The message as received (nguyên bản): SHA-256 in hex, bytes, and what was tolerated in it.

    Elements we do not know live in its bytes and nowhere else, `unknown` names them; `data` is
    None where a file was read, which has them. `carries_signature` says that an XML signature is
    present, not that it was checked.
    """

    sha256: str
    size: int
    remarks: tuple[Finding, ...] = ()
    carries_signature: bool = False
    unknown: tuple[str, ...] = ()
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Envelope:
    """A document on its way between agencies (gói tin văn bản).

    Two envelopes are equal when they say the same; `original` does not count. `steering`: 0 and 1
    not steering, 2 steering (chỉ đạo), 3 report on steering. `to_places` only informs.
    """

    sender: Party
    receivers: tuple[Party, ...]
    code: Code
    promulgated_on: date
    document_type: DocumentType
    subject: str
    document_id: str = ""
    promulgated_at: str = ""
    content: str = ""
    signer: Signer | None = None
    due_on: date | None = None
    to_places: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    sphere: str = ""
    typist: str = ""
    copies: int | None = None
    pages: int | None = None
    appendixes: tuple[str, ...] = ()
    responses: tuple[ResponseFor, ...] = ()
    steering: int = 0
    response_for_task: str = ""
    application_type: str = ""
    trace: tuple[TraceHop, ...] = ()
    business: Business = Business()
    attachments: tuple[Attachment, ...] = ()
    original: Original | None = field(default=None, compare=False, repr=False)

    @property
    def identifier(self) -> str:
        """Return DocumentId, made from issuer, date and reference where the sender left it out."""
        return self.document_id or str(
            DocumentId.make(
                self.sender.organ_id, self.promulgated_on, self.code.number, self.code.notation
            )
        )

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the ids of the documents acted on by a recall, update or replacement.

        Senders disagree where a recall or update names it: Bussiness/DocumentId, else ResponseFor,
        else the envelope's own DocumentId.
        """
        match self.business.type:
            case BusinessType.NEW:
                return ()
            case BusinessType.REPLACE if self.business.replacements:
                return tuple(item.document_id for item in self.business.replacements)
            case _ if self.business.document_id:
                return (self.business.document_id,)
        answered = tuple(dict.fromkeys(r.document_id for r in self.responses if r.document_id))
        return answered or (self.identifier,)
