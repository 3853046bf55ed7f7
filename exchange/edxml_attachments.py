"""Read the files of a message: manifest and encoded attachments, matched by their ids."""

from exchange.edxml_files import check_room, is_packed, safe_name, take, unpack
from exchange.edxml_tree import FILE_ELEMENT, Node
from exchange.envelope import Attachment
from exchange.errors import BrokenAttachment, MessageTooLarge
from exchange.findings import missing, wrong_type, wrong_value
from exchange.limits import Limits
from exchange.notes import Notes

_EMPTY = Node("")
_PATH = "AttachmentEncoded.Attachment"


def read_attachments(root: Node, notes: Notes, limits: Limits) -> tuple[Attachment, ...]:
    """Take the files out; where manifest and attachment disagree the attachment holds.

    Raises BrokenAttachment for wrong base64 or a file the manifest promises and nobody carries,
    UnsafeArchive and MessageTooLarge.
    """
    manifest = root.find("edXMLEnvelope", "edXMLBody", "edXMLManifest") or _EMPTY
    nodes = [node for part in root.all("AttachmentEncoded") for node in part.all("Attachment")]
    references = list(manifest.all("Reference"))
    if max(len(nodes), len(references)) > limits.attachments:
        raise MessageTooLarge(
            what_vi="số tệp đính kèm", what_en="attachments", limit=limits.attachments
        )
    by_id = {_bare(r.get("ContentId")): r for r in references if _bare(r.get("ContentId"))}
    by_name = {r.get("AttachmentName"): r for r in references}
    found: list[Attachment] = []
    room = limits.unpacked
    for number, node in enumerate(nodes, 1):
        reference = by_id.get(_bare(node.get("ContentId"))) or by_name.get(
            node.get("AttachmentName")
        )
        if reference is None:
            vi, en = f"tệp thứ {number} không có trong danh mục", f"file {number} is not listed"
            notes.remark(wrong_value("edXMLManifest", vi, en))
        attachment = _read_one(f"{_PATH}[{number}]", node, reference or _EMPTY, room, notes, limits)
        room -= len(attachment.content)
        check_room(limits.unpacked - room, limits)
        found.append(attachment)
    _check_promises(references, nodes)
    notes.expect("AttachmentEncoded", "có" if found else "")
    return tuple(found)


def _check_promises(references: list[Node], nodes: list[Node]) -> None:
    ids = {_bare(node.get("ContentId")) for node in nodes}
    names = {node.get("AttachmentName") for node in nodes}
    for reference in references:
        content_id, name = _bare(reference.get("ContentId")), reference.get("AttachmentName")
        if content_id not in ids and name not in names:
            shown = safe_name(name) or content_id
            vi = f"danh mục có «{shown}» nhưng gói tin không kèm tệp"
            raise BrokenAttachment(wrong_value(_PATH, vi, f"{shown} is listed but not carried"))


def _read_one(
    path: str, node: Node, reference: Node, room: int, notes: Notes, limits: Limits
) -> Attachment:
    stated = node.get("AttachmentName") or reference.get("AttachmentName")
    name = safe_name(stated)
    if name != stated:
        vi, en = "đã bỏ đường dẫn hoặc ký tự lạ", "path or odd characters dropped"
        notes.remark(wrong_value(f"{path}.AttachmentName", vi, en))
    if not name:
        notes.remark(missing(f"{path}.AttachmentName"))
        name = f"tep-{path.rpartition('[')[2].rstrip(']')}"
    carrier = node.find(FILE_ELEMENT)
    if carrier is None or carrier.file is None:
        raise BrokenAttachment(missing(f"{path}.{FILE_ELEMENT}"))
    file = carrier.file.file
    if file is None:
        raise BrokenAttachment(wrong_type(f"{path}.{FILE_ELEMENT}", name, "base64"))
    listed_type, own_type = reference.get("ContentType"), node.get("ContentType")
    if listed_type and own_type and listed_type != own_type:
        vi = f"danh mục ghi «{listed_type[:60]}», tệp ghi «{own_type[:60]}»"
        notes.remark(wrong_value(f"{path}.ContentType", vi, f"{listed_type[:60]}/{own_type[:60]}"))
    packed = is_packed(name, own_type or listed_type, file)
    content = unpack(path, file, room, limits) if packed else take(file)
    carrier.file.close()
    if not content:
        raise BrokenAttachment(missing(f"{path}.{FILE_ELEMENT}"))
    return Attachment(
        name=name,
        content=content,
        description=node.get("Description") or reference.get("Description"),
        content_id=_bare(node.get("ContentId") or reference.get("ContentId")),
    )


def _bare(content_id: str) -> str:
    """Return a content id without its `cid:`, which only some senders write."""
    return content_id[4:].strip() if content_id[:4].lower() == "cid:" else content_id
