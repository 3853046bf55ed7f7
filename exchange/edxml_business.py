"""Read the operation of an envelope (nghiệp vụ: `Bussiness`) and the officer to call."""

from exchange.edxml_tree import Node
from exchange.envelope import Business, BusinessType, ReceiverChange, Replacement, Staff
from exchange.findings import wrong_value
from exchange.notes import Notes


def read_business(node: Node | None, notes: Notes) -> Business:
    """Read the operation; absent, it is a new document (an old message has none)."""
    if node is None:
        return Business()
    changes = node.find("BussinessDocumentInfo") or Node("")
    return Business(
        type=_type(node, notes),
        reason=node.get("BussinessDocReason"),
        paper=_flag(node, "Paper", notes),
        document_id=node.get("DocumentId"),
        content_changed=_flag(changes, "DocumentInfo", notes),
        receivers_changed=_flag(changes, "DocumentReceiver", notes),
        receiver_changes=_receiver_changes(changes.find("ReceiverList"), notes),
        replacements=_replacements(node.find("ReplacementInfoList"), notes),
        staff=read_staff(node.find("StaffInfo")),
    )


def read_staff(node: Node | None) -> Staff | None:
    """Read StaffInfo, the ids of the Java SDK included; an empty one is none."""
    if node is None:
        return None
    staff = Staff(
        name=node.get("Staff"),
        department=node.get("Department"),
        mobile=node.get("Mobile"),
        email=node.get("Email"),
        staff_id=node.get("StaffId"),
        department_id=node.get("DepartmentId"),
    )
    return staff if staff != Staff() else None


def _type(node: Node, notes: Notes) -> BusinessType:
    text = node.get("BussinessDocType")
    value = text.lstrip("0") or "0"
    if text and value not in {"0", "1", "2", "3"}:
        # an unknown operation must not be taken for a new document
        vi = f"«{text[:40]}», cần 0 mới, 1 thu hồi, 2 cập nhật, 3 thay thế"
        en = "expected 0 new, 1 recall, 2 update, 3 replace"
        notes.refuse(wrong_value("Bussiness.BussinessDocType", vi, en))
        return BusinessType.NEW
    return BusinessType(int(value))


def _flag(node: Node, name: str, notes: Notes) -> bool:
    text = node.get(name).lower()
    if text not in {"", "0", "1", "true", "false"}:
        path = f"Bussiness.{name}"
        notes.remark(wrong_value(path, f"«{text[:40]}», cần 0 hoặc 1", "expected 0 or 1"))
    return text in {"1", "true"}


def _receiver_changes(node: Node | None, notes: Notes) -> tuple[ReceiverChange, ...]:
    changes = []
    for receiver in node.all("Receiver") if node is not None else ():
        organ_id, kind = receiver.get("OrganId"), receiver.get("ReceiverType")
        path = "Bussiness.BussinessDocumentInfo.ReceiverList.Receiver"
        if not organ_id:
            notes.lacks(f"{path}.OrganId")
        elif kind not in {"0", "1"}:
            vi = f"«{kind[:40]}», cần 0 (bớt) hoặc 1 (thêm)"
            notes.refuse(wrong_value(f"{path}.ReceiverType", vi, "expected 0 (off) or 1 (added)"))
        else:
            changes.append(ReceiverChange(organ_id, added=kind == "1"))
    return tuple(changes)


def _replacements(node: Node | None, notes: Notes) -> tuple[Replacement, ...]:
    found = []
    for item in node.all("ReplacementInfo") if node is not None else ():
        organs = item.find("OrganIdList")
        ids = tuple(o.text for o in organs.all("OrganId") if o.text) if organs is not None else ()
        if document_id := item.get("DocumentId"):
            found.append(Replacement(document_id, ids))
        else:
            notes.lacks("Bussiness.ReplacementInfoList.ReplacementInfo.DocumentId")
    return tuple(found)
