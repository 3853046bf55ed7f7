"""Signing on a device (ký trên thiết bị): what the form of a step tells the program at the desk."""

from dataclasses import replace
from typing import Any

from flask import url_for

from engine.database import Transaction
from engine.work_item import WorkItem
from forms.definition import FormDefinition
from forms.page import FormView
from forms.validation import sensitive_paths
from processes.signing_asked import VERBS, desk_key_of
from records.document import Document, OutgoingDocument
from records.signing_session import mine_at
from web.door import office
from web.security import allow_bridge
from web.tongue import _


def shown_desk(tx: Transaction, item: WorkItem, document: Document) -> dict[str, Any] | None:
    """Return how this step is signed on a device, None where it is signed by a keystore."""
    bridge = office().settings.bridge
    if not bridge or not _is_at_desk(tx, item, document):
        return None
    reach_bridge()
    waiting = mine_at(tx, item.id)
    return {
        "bridge": bridge,
        "begin": url_for("desk_signing.begin", item_id=item.id),
        "session": url_for("desk_signing.read", session_id=waiting.id) if waiting else "",
        "words": _words(),
    }


def shown_desk_of_many(tx: Transaction) -> dict[str, Any] | None:
    """Return how the acting officer signs several documents on his device, None without one."""
    bridge, officer = office().settings.bridge, tx.acting.officer_id
    if not bridge or officer is None or desk_key_of(tx, officer) is None:
        return None
    reach_bridge()
    told = _("Lần này đã ký {n} văn bản, còn {m} văn bản chưa ký.")
    return {"bridge": bridge, "words": {**_words(), "sum": told}}


def reach_bridge() -> None:
    """Let this page speak with the signing program, where one is configured."""
    if bridge := office().settings.bridge:
        allow_bridge(bridge)


def unreached(tx: Transaction, item: WorkItem, document: Document) -> list[dict[str, str]]:
    """Return what to tell where the key is on a device that no page can reach."""
    if office().settings.bridge or not _is_at_desk(tx, item, document):
        return []
    text = _(
        "Chứng thư số để ký bước này nằm trên thiết bị tại bàn làm việc, nhưng hệ thống chưa được "
        "nối với phần mềm ký. Báo quản trị bật kết nối (CONGVAN_BRIDGE)."
    )
    return [{"tone": "warn", "text": text}]


def _is_at_desk(tx: Transaction, item: WorkItem, document: Document) -> bool:
    if item.verb not in VERBS.values() or not isinstance(document, OutgoingDocument):
        return False
    owner = document.signatory_id if item.verb == "sign" else document.agency_id
    return owner is not None and desk_key_of(tx, owner) is not None


def _words() -> dict[str, str]:
    """Return what the page says while it waits, by the name the script knows it under."""
    return {
        "preparing": _("Đang chuẩn bị văn bản để ký…"),
        "waiting": _("Đang chờ ký trên thiết bị… Nhập mã PIN trong cửa sổ của phần mềm ký."),
        "file": _("Tệp {n}/{all}."),
        "recording": _("Đã ký, đang ghi nhận…"),
        "done": _("Đã ký xong."),
        "absent": _(
            "Không kết nối được với phần mềm ký trên máy này. Kiểm tra phần mềm đã chạy và USB "
            "token đã cắm, rồi bấm ký lại."
        ),
        "lost": _("Mất kết nối với máy chủ. Kiểm tra mạng rồi tải lại trang: phiên ký vẫn còn."),
        "expired": _("Đã hết thời gian chờ ký. Văn bản chưa được ký; hãy bấm ký lại."),
        "device": _("Thiết bị báo: {message}. Văn bản chưa được ký; hãy bấm ký lại."),
        "ended": _("Phiên làm việc đã kết thúc. Đăng nhập lại rồi mở lại việc này."),
        "unsent": _("Chưa gửi được. Kiểm tra kết nối rồi thử lại."),
    }


def without_secrets(view: FormView, form: FormDefinition) -> FormView:
    """Return the form without what is typed at the device instead, such as the PIN."""
    secret = sensitive_paths(form)
    parts = tuple(part for part in view.parts if getattr(part, "name", "") not in secret)
    return replace(view, parts=parts)
